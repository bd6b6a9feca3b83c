// Word2Vec beside gensim (and fastText with PEERS=gensim,fasttext): the same text, settings, epochs and threads, in
// turns; words of the text a second while training (ours with the dictionary and the pictures, gensim's without its
// vocabulary), rank correlation with two sets of word pairs by one judge, peak memory of the whole process.
// REPEATS=3, EPOCHS=5, ROWS=mode,mode choose less; needs the data and the peers' scripts (FLASHLAB_SHARED, default ../shared).
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { median, printTable, range } from './table.mjs';

const engine = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';
const repeats = Number(process.env.REPEATS ?? 3), epochs = Number(process.env.EPOCHS ?? 5);
const peers = path.join(shared, 'peers'), folder = path.join(shared, 'data', 'wikitext2');
const sets = ['EN-WS-353-ALL.txt', 'EN-MEN-TR-3k.txt'], names = ['WS-353', 'MEN'];
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

const tasks = [
  { mode: 'skipgram', peer: 'skipgram', goal: 2 },
  { mode: 'cbow', peer: 'cbow', goal: 2.5 },
  { mode: 'batch_skipgram', peer: 'skipgram', goal: 5 },
].filter((task) => !process.env.ROWS || process.env.ROWS.split(',').includes(task.mode));

if (!fs.existsSync(path.join(peers, 'word2vec.py')) || !fs.existsSync(folder)) {
  console.log('Word2Vec: left out, the data and the peers are not there (FLASHLAB_SHARED)');
  process.exit(0);
}

const helper = (...args) => execFileSync('/usr/bin/python3', ['tests/bench/word2vec_peer.py', peers, ...args.map(String)], { encoding: 'utf8' });
const similarity = sets.map((set) => path.join(shared, 'data/word_eval', set)).join(',');
const text = path.join(work, 'train.txt');
const words = Number(helper('text', folder, text));

function ours(task, threads, seed) {
  const model = path.join(work, 'model');
  const settings = { mode: task.mode, vector_dim: 100, window_size: 5, negative_samples: 5, epochs, learning_rate: 0.05,
    sampling_threshold: 0.0001, min_count: 5, evaluation: false };
  const result = spawnSync(engine, ['train', '--algorithm', 'blazingtext', '--train', text, '--content-type', 'text/plain', '--threads', threads,
    '--seed', seed, '--model', model, ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const end = JSON.parse(result.stdout.trim().split('\n').at(-1));
  if (result.status !== 0) throw new Error(JSON.stringify(end));
  return { seconds: end.train_seconds, mb: end.peak_memory_bytes / 2 ** 20, rho: JSON.parse(helper('judge', path.join(model, 'vectors.txt'), similarity)) };
}

function theirs(peer, mode, threads, seed) {
  const line = helper('train', '--data', folder, '--peer', peer, '--mode', mode, '--epoch', epochs, '--threads', threads, '--seed', seed, '--similarity', similarity);
  const { train_s, metrics, peak_rss_mb } = JSON.parse(line);
  return { seconds: train_s, mb: peak_rss_mb, rho: metrics };
}

const rows = [];
for (const peer of (process.env.PEERS ?? 'gensim').split(',')) {
  for (const task of tasks) {
    for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
      const pairs = Array.from({ length: repeats }, (_, i) => [ours(task, threads, 1 + i), theirs(peer, task.peer, threads, 1 + i)]);
      const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
      const speed = (side) => range(side.map((run) => words * epochs / run.seconds / 1000), 0);
      const rho = (side) => sets.map((set, i) => `${names[i]} ${range(side.map((run) => run.rho[set]), 3)}`).join(', ');
      const mb = (side) => median(side.map((run) => run.mb));
      rows.push([task.mode, threads, speed(we), `${peer} ${task.peer} ${speed(they)}`,
        `${median(pairs.map(([a, b]) => b.seconds / a.seconds)).toFixed(2)} (asked ${task.goal})`, rho(we), rho(they),
        `${mb(we).toFixed(0)} / ${mb(they).toFixed(0)} = ${(mb(we) / mb(they)).toFixed(2)}`]);
    }
  }
}
printTable(`Word2Vec, wikitext2 (${(words / 1e6).toFixed(2)} M words), 100 numbers, window 5, 5 negatives, ${epochs} epochs`,
  ['mode', 'threads', 'ours, 1,000 words/s', 'theirs', 'times as fast', 'Spearman, ours', 'theirs', 'peak MB'], rows);
