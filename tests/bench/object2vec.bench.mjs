// Object2Vec beside the peer in PyTorch: the same pairs, sizes, epochs and threads, in turns; examples a second while
// training, the error on the test part over three seeds (predictions cut to the range of the labels, as the peer does),
// peak memory of the whole process. On sentences there are two tables of tokens, or one for both sides ("tied"): then the
// peer has one encoder too, while ours, as the service's, are two that start alike. REPEATS=3, ROWS=name,name choose less; needs the data and the peers' scripts
// (FLASHLAB_SHARED, default ../shared).
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { median, printTable, range } from './table.mjs';

const engine = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';
const repeats = Number(process.env.REPEATS ?? 3);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

const tasks = [
  { name: 'pooled films', data: 'movielens100k', network: 'pooled_embedding', peer: 'pooled', epochs: 1, metric: 'rmse', goal: 3 },
  ...[false, true].flatMap((tied) => [['pooled', 'pooled_embedding'], ['bilstm', 'bilstm'], ['cnn', 'hcnn']].map(([peer, network]) => (
    { name: tied ? `${peer} tied` : peer, data: 'stsb', network, peer, epochs: tied ? 6 : 1, metric: 'pearson', goal: 3, tied }))),
].filter((task) => !process.env.ROWS || process.env.ROWS.split(',').includes(task.name));

if (!fs.existsSync(path.join(shared, 'peers/object2vec.py'))) {
  console.log('Object2Vec: left out, the data and the peers are not there (FLASHLAB_SHARED)');
  process.exit(0);
}

const at = (task, part) => path.join(shared, 'data', task.data, `${part}.jsonl.gz`);
const read = (file) => zlib.gunzipSync(fs.readFileSync(file)).toString().trim().split('\n').map((line) => JSON.parse(line));
const largest = (rows, side) => rows.reduce((most, row) => row[side].reduce((a, b) => Math.max(a, b), most), 0);
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

for (const task of tasks) {
  const [train, test] = ['train', 'test'].map((part) => read(at(task, part)));
  task.test = test;
  task.range = [Math.min, Math.max].map((end) => train.reduce((most, row) => end(most, row.label), train[0].label));
  task.vocabulary = ['in0', 'in1'].map((side) => Math.max(largest(train, side), largest(test, side)) + 1);
  if (task.tied) task.vocabulary.fill(Math.max(...task.vocabulary));
  task.longest = task.data === 'stsb' ? 100 : 1;
  task.examples = train.length * task.epochs;
}

function quality(task, guesses) {
  const y = task.test.map((row) => row.label), guess = guesses.map((g) => Math.min(Math.max(g, task.range[0]), task.range[1]));
  const [my, mg] = [mean(y), mean(guess)], sum = (of) => y.reduce((total, _, i) => total + of(y[i] - my, guess[i] - mg), 0);
  return { rmse: Math.sqrt(mean(y.map((v, i) => (v - guess[i]) ** 2))), pearson: sum((a, b) => a * b) / Math.sqrt(sum((a) => a * a) * sum((_, b) => b * b)) };
}

function ours(task, threads, seed) {
  const model = path.join(work, 'model');
  const settings = { enc0_network: task.network, ...(task.network === 'pooled_embedding' ? {} : { enc0_layers: 1 }), enc0_max_seq_len: task.longest,
    enc0_vocab_size: task.vocabulary[0], enc1_vocab_size: task.vocabulary[1], enc0_token_embedding_dim: 64, enc_dim: 64,
    mlp_layers: 1, mlp_dim: 256, mlp_activation: 'relu', mini_batch_size: 64, learning_rate: 0.001, epochs: task.epochs,
    output_layer: 'mean_squared_error', tied_token_embedding_weight: Boolean(task.tied), early_stopping_patience: 5 };
  const result = spawnSync(engine, ['train', '--algorithm', 'object2vec', '--train', at(task, 'train'), '--threads', threads, '--seed', seed,
    '--model', model, ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const end = JSON.parse(result.stdout.trim().split('\n').at(-1));
  if (result.status !== 0) throw new Error(JSON.stringify(end));
  const answers = execFileSync(engine, ['predict', '--model', model, '--input', '-', '--content-type', 'application/jsonlines'],
    { input: task.test.map(({ in0, in1 }) => JSON.stringify({ in0, in1 })).join('\n'), encoding: 'utf8', maxBuffer: 1 << 28 });
  const guesses = answers.trim().split('\n').map((line) => JSON.parse(line).scores[0]);
  return { seconds: end.train_seconds, mb: end.peak_memory_bytes / 2 ** 20, ...quality(task, guesses) };
}

function theirs(task, threads, seed) {
  const line = execFileSync('/usr/bin/python3', [path.join(shared, 'peers/object2vec.py'), '--data', path.join(shared, 'data', task.data),
    '--encoder', task.peer, '--epochs', task.epochs, ...(task.tied ? ['--tied'] : []), '--threads', threads, '--seed', seed], { encoding: 'utf8' });
  const { train_s, metrics, peak_rss_mb } = JSON.parse(line);
  return { seconds: train_s, mb: peak_rss_mb, ...metrics };
}

const rows = [];
for (const task of tasks) {
  for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
    const pairs = Array.from({ length: repeats }, (_, i) => [ours(task, threads, 1 + (i % 3)), theirs(task, threads, 1 + (i % 3))]);
    const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
    const of = (side, key) => median(side.map((run) => run[key]));
    const speed = (side) => range(side.map((run) => task.examples / run.seconds), 0);
    rows.push([`${task.data} ${task.network}${task.tied ? ' tied' : ''}`, threads, speed(we), speed(they),
      `${median(pairs.map(([a, b]) => b.seconds / a.seconds)).toFixed(2)} (asked ${task.goal})`,
      `${task.metric} ${range(we.map((r) => r[task.metric]), 4)} / ${range(they.map((r) => r[task.metric]), 4)}`,
      `${of(we, 'mb').toFixed(0)} / ${of(they, 'mb').toFixed(0)} = ${(of(we, 'mb') / of(they, 'mb')).toFixed(2)}`]);
  }
}
printTable('Object2Vec, embedding 64, encoder 64, 256 units, batch 64 (1 epoch; tied 6): ours beside PyTorch',
  ['data', 'threads', 'ours examples/s', 'theirs', 'times as fast', 'test, ours / theirs', 'peak MB'], rows);
