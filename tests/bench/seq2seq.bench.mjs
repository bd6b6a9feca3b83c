// Seq2Seq beside PyTorch: multi30k, English to German, the peer's words and vocabulary, embedding and hidden 256,
// mini-batches of 64, dropout 0.3, Adam with 0.001; 30 updates in turns, target tokens a second and peak memory.
// QUALITY=1 also trains 3 epochs and translates the test part, beside what the peer reached in the same setting (its
// recorded figures: it takes 13 minutes). REPEATS=3, ROWS=additive,general choose less; needs FLASHLAB_SHARED.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, printTable, range } from './table.mjs';

const engine = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';
const repeats = Number(process.env.REPEATS ?? 3);
const python = '/usr/bin/python3';
const data = path.join(shared, 'data/multi30k_en_de'), peer = path.join(shared, 'peers/seq2seq.py');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));
const at = (name) => path.join(work, name);

if (!fs.existsSync(peer) || !fs.existsSync(data)) {
  console.log('Seq2Seq: left out, the data and the peer are not there (FLASHLAB_SHARED)');
  process.exit(0);
}
if (spawnSync(python, ['-c', 'import torch']).status !== 0) {
  console.log('Seq2Seq: left out, /usr/bin/python3 has no torch (Debian: python3-torch)');
  process.exit(0);
}

execFileSync(python, [fileURLToPath(new URL('./seq2seq_words.py', import.meta.url)), data, work]);
for (const part of ['train', 'val', 'test'])
  execFileSync(engine, ['convert', '--from', 'text/plain', at(`${part}.en`), at(`${part}.de`), at(`${part}.rec`), '--vocab',
    at('vocab'), '--min-count', '2']);

const settings = { rnn_num_hidden: 256, num_embed_source: 256, num_embed_target: 256, embed_dropout_source: 0.3,
  embed_dropout_target: 0.3, rnn_decoder_hidden_dropout: 0.3, rnn_decoder_state_init: 'avg', batch_size: 64,
  learning_rate: 0.001, beam_size: 1 };

function train(more, threads, seed, extra = []) {
  const result = spawnSync(engine, ['train', '--algorithm', 'seq2seq', '--train', at('train.rec'), '--validation', at('val.rec'),
    '--vocab', at('vocab'), '--threads', threads, '--seed', seed, '--device', 'cpu', ...extra,
    ...Object.entries({ ...settings, ...more }).flatMap(([k, v]) => ['--set', `${k}=${v}`])], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const end = JSON.parse(result.stdout.trim().split('\n').at(-1));
  if (result.status !== 0) throw new Error(JSON.stringify(end));
  return end;
}

function ours(attention, threads, seed) {
  const end = train({ rnn_attention_type: attention, max_num_batches: 30, checkpoint_frequency_num_batches: 1000 }, threads, seed);
  return { rate: end.metrics.target_tokens / end.train_seconds, mb: end.peak_memory_bytes / 2 ** 20 };
}

function theirs(attention, threads, seed) {
  const line = execFileSync(python, [peer, '--data', data, '--attention', attention, '--batches', 30, '--epochs', 1, '--threads',
    threads, '--seed', seed], { encoding: 'utf8', env: { ...process.env, OMP_WAIT_POLICY: 'passive' } });
  const { tokens_per_s: rate, peak_rss_mb: mb } = JSON.parse(line);
  return { rate, mb };
}

const tasks = [
  { name: 'additive', ours: 'mlp', theirs: 'bahdanau', goal: 1.8 },
  { name: 'general', ours: 'bilinear', theirs: 'luong', goal: 1.5 },
].filter((task) => !process.env.ROWS || process.env.ROWS.split(',').includes(task.name));

const rows = [];
for (const task of tasks)
  for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
    const pairs = Array.from({ length: repeats }, (_, i) => [ours(task.ours, threads, 1 + i), theirs(task.theirs, threads, 1 + i)]);
    const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
    const mb = [we, they].map((side) => median(side.map((r) => r.mb)));
    rows.push([task.name, threads, range(we.map((r) => r.rate), 0), range(they.map((r) => r.rate), 0),
      `${median(pairs.map(([a, b]) => a.rate / b.rate)).toFixed(2)} (asked ${task.goal})`,
      `${mb[0].toFixed(0)} / ${mb[1].toFixed(0)} = ${(mb[0] / mb[1]).toFixed(2)} (asked 0.2)`]);
  }
printTable('Seq2Seq, multi30k en-de, embedding and hidden 256, batch 64, 30 updates: ours beside PyTorch', ['attention',
  'threads', 'ours tokens/s', 'theirs tokens/s', 'times as fast', 'peak MB'], rows);

// Corpus BLEU-4 of words with one reference, as the peer counts it.
function bleu(said, wanted) {
  const right = [0, 0, 0, 0], all = [0, 0, 0, 0];
  let ours = 0, theirs = 0;
  for (const [i, a] of said.entries()) {
    ours += a.length;
    theirs += wanted[i].length;
    for (let n = 1; n <= 4; n++) {
      const counts = new Map();
      for (let k = 0; k + n <= wanted[i].length; k++) {
        const gram = wanted[i].slice(k, k + n).join(' ');
        counts.set(gram, (counts.get(gram) ?? 0) + 1);
      }
      for (let k = 0; k + n <= a.length; k++) {
        const gram = a.slice(k, k + n).join(' '), left = counts.get(gram) ?? 0;
        all[n - 1]++;
        if (left) right[n - 1]++, counts.set(gram, left - 1);
      }
    }
  }
  if (right.includes(0)) return 0;
  return 100 * Math.exp(Math.min(0, 1 - theirs / ours) + right.reduce((sum, r, n) => sum + Math.log(r / all[n]) / 4, 0));
}

if (process.env.QUALITY) {
  const lines = (file) => fs.readFileSync(at(file), 'utf8').trimEnd().split('\n');
  const end = train({ max_num_epochs: 3, checkpoint_frequency_num_batches: 456 }, os.cpus().length > 1 ? 2 : 1, 1,
    ['--model', at('model')]);
  const asked = lines('test.en').map((source) => JSON.stringify({ source })).join('\n');
  const said = execFileSync(engine, ['predict', '--model', at('model'), '--input', '-', '--content-type', 'application/jsonlines'],
    { input: asked, encoding: 'utf8', maxBuffer: 1 << 28 }).trimEnd().split('\n').map((line) => JSON.parse(line).target.split(' ').filter(Boolean));
  printTable('Seq2Seq, the same after 3 epochs, additive attention, greedy', ['figure', 'ours', 'theirs (recorded)'], [
    ['perplexity of the validation part', end.metrics['validation:perplexity'].toFixed(2), '8.42'],
    ['BLEU of the test part', bleu(said, lines('test.de').map((line) => line.split(' '))).toFixed(1), '22.6'],
    ['seconds of training', end.train_seconds.toFixed(0), '782']]);
}
