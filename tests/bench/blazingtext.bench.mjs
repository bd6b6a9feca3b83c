// BlazingText's text classification beside fastText, in turns, with the same text, settings and threads: tokens a second
// (theirs: the epochs alone, after its dictionary; ours: all behind reading, the dictionary and the n-grams' numbers too),
// accuracy on the test part over three seeds, peak memory of the whole process; then the whole command, reading and saving
// too, and loading the model with a first answer. REPEATS=3, ROWS="10 1,100 2" (width and n-grams) choose less; needs the
// data and the peers' scripts (FLASHLAB_SHARED, default ../shared).
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
  { data: 'ag_news_38k', dim: 10, ngrams: 1, epochs: 5, goal: '4, dream 8' },
  { data: 'ag_news_38k', dim: 10, ngrams: 2, epochs: 5, goal: '3, dream 5' },
  { data: 'ag_news_38k', dim: 100, ngrams: 1, epochs: 5, goal: '3, dream 6' },
  { data: 'ag_news_38k', dim: 100, ngrams: 2, epochs: 5, goal: '3, dream 8' },
  { data: 'trec6', dim: 10, ngrams: 1, epochs: 25, goal: '-' },
].filter((task) => !process.env.ROWS || process.env.ROWS.split(',').includes(`${task.dim} ${task.ngrams}`));

if (!fs.existsSync(path.join(shared, 'peers/text_classification.py'))) {
  console.log('BlazingText, classification: left out, the data and the peers are not there (FLASHLAB_SHARED)');
  process.exit(0);
}

// Plain files for both: unpacking is not what is compared.
function part(data, name) {
  const to = path.join(work, `${data}-${name}.txt`), plain = path.join(shared, 'data', data, `${name}.txt`);
  if (!fs.existsSync(to)) fs.writeFileSync(to, fs.existsSync(plain) ? fs.readFileSync(plain) : zlib.gunzipSync(fs.readFileSync(`${plain}.gz`)));
  return to;
}

function timed(command, args, input) {
  const began = process.hrtime.bigint(), result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, input });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  if (result.status !== 0) throw new Error(`${command}: ${result.stdout.slice(-500)} ${result.stderr}`);
  return { seconds, stdout: result.stdout };
}

const question = 'oil prices fall as stocks rise in new york';
const model = path.join(work, 'model');

function ours(task, threads, seed) {
  const settings = { mode: 'supervised', vector_dim: task.dim, word_ngrams: task.ngrams, epochs: task.epochs, learning_rate: 0.5, min_count: 1 };
  const { seconds, stdout } = timed(engine, ['train', '--algorithm', 'blazingtext', '--train', part(task.data, 'train'), '--threads', threads,
    '--seed', seed, '--model', model, ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])]);
  const end = JSON.parse(stdout.trim().split('\n').at(-1)), test = fs.readFileSync(part(task.data, 'test'), 'utf8').trim().split('\n');
  const sources = test.map((line) => JSON.stringify({ source: line.split(' ').slice(1).join(' ') })).join('\n');
  const answers = timed(engine, ['predict', '--model', model, '--input', '-', '--content-type', 'application/jsonlines'], sources).stdout.trim().split('\n');
  const right = answers.filter((answer, i) => JSON.parse(answer).label[0] === test[i].split(' ')[0]).length;
  const first = timed(engine, ['predict', '--model', model, '--input', '-', '--content-type', 'application/json'], JSON.stringify({ instances: [question] }));
  return { train: end.train_seconds, whole: seconds, mb: end.peak_memory_bytes / 2 ** 20, accuracy: right / test.length, first: first.seconds };
}

function theirs(task, threads, seed) {
  const line = execFileSync('/usr/bin/python3', [path.join(shared, 'peers/text_classification.py'), '--data', path.join(shared, 'data', task.data), '--dim', task.dim,
    '--ngrams', task.ngrams, '--epoch', task.epochs, '--threads', threads, '--seed', seed], { encoding: 'utf8' });
  const said = JSON.parse(line);
  return { train: said.train_s, whole: said.whole_s, mb: said.peak_rss_mb, accuracy: said.metrics.p_at_1, words: said.words };
}

// The peer's script keeps no model: one of ours, which it reads, is what both answer from.
function theirFirst() {
  return timed('fasttext', ['predict-prob', path.join(model, 'model.bin'), '-'], `${question}\n`).seconds;
}

const rows = [];
for (const task of tasks) {
  for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
    const pairs = Array.from({ length: repeats }, (_, i) => {
      const we = ours(task, threads, 1 + (i % 3));
      return [we, { ...theirs(task, threads, 1 + (i % 3)), first: theirFirst() }];
    });
    const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
    const of = (side, key) => median(side.map((run) => run[key])), tokens = they[0].words * task.epochs / 1e6;
    const speed = (side) => range(side.map((run) => tokens / run.train), 1), ratio = (key) => median(pairs.map(([a, b]) => b[key] / a[key]));
    rows.push([task.data, task.dim, task.ngrams, threads, speed(we), speed(they), `${ratio('train').toFixed(1)} (asked ${task.goal})`, ratio('whole').toFixed(1),
      `${range(we.map((r) => r.accuracy), 4)} / ${range(they.map((r) => r.accuracy), 4)}`,
      `${of(we, 'mb').toFixed(0)} / ${of(they, 'mb').toFixed(0)} = ${(of(we, 'mb') / of(they, 'mb')).toFixed(2)}`,
      `${(of(we, 'first') * 1000).toFixed(0)} / ${(of(they, 'first') * 1000).toFixed(0)} = ${(of(we, 'first') / of(they, 'first')).toFixed(3)}`]);
  }
}
printTable('BlazingText supervised, rate 0.5, least count 1: ours beside fastText 0.9.2', ['data', 'dim', 'n-grams', 'threads', 'ours Mtokens/s', 'theirs',
  'times as fast', 'whole command', 'test accuracy, ours / theirs', 'peak MB', 'load and first answer, ms'], rows);
