// DeepAR beside PyTorch: m4_hourly, two layers of 40 cells, windows of 168 + 24, mini-batches of 64, student-T, the item
// as a category. Windows per second of training in turns, at one and at two threads; then, after as many windows as
// twenty of the peer's epochs (64,000), the mean weighted quantile loss of our seeds beside the peer's figure on file
// (peers/baselines.md; PEER_QUALITY=1 trains the peer again, four minutes a seed), and peak memory.
// REPEATS=5, SEEDS=3; needs the data and the peers' scripts (FLASHLAB_SHARED, default ../shared).
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { median, printTable, range } from './table.mjs';

const engine = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';
const repeats = Number(process.env.REPEATS ?? 5), seeds = Number(process.env.SEEDS ?? 3);
const figure = 0.0261, windows = 64000;
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

if (!fs.existsSync(path.join(shared, 'peers/deepar.py'))) {
  console.log('DeepAR: left out, the data and the peers are not there (FLASHLAB_SHARED)');
  process.exit(0);
}

// The peer has an embedding for each item: ours gets it as the category.
function items(part) {
  const lines = zlib.gunzipSync(fs.readFileSync(path.join(shared, 'data/m4_hourly', `${part}.jsonl.gz`))).toString().trim().split('\n');
  const out = path.join(work, `${part}.jsonl`);
  fs.writeFileSync(out, `${lines.map((line, i) => JSON.stringify({ ...JSON.parse(line), cat: [i] })).join('\n')}\n`);
  return out;
}
const [train, test] = ['train', 'test'].map(items);

function ours(threads, seed, epochs, scored) {
  const settings = { time_freq: 'H', context_length: 168, prediction_length: 24, num_layers: 2, num_cells: 40, mini_batch_size: 64,
    learning_rate: 0.001, epochs, test_quantiles: '[0.1, 0.5, 0.9]' };
  const result = spawnSync(engine, ['train', '--algorithm', 'deepar', '--train', train, ...(scored ? ['--test', test] : []), '--threads', threads,
    '--seed', seed, '--device', 'cpu', ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const lines = result.stdout.trim().split('\n'), end = JSON.parse(lines.at(-1));
  if (result.status !== 0) throw new Error(JSON.stringify(end));
  const step = Math.max(...lines.map((line) => JSON.parse(line)).filter((e) => e.event === 'metric').map((e) => e.step));
  return { rate: end.rows_per_second, seen: step * 64, loss: end.metrics['test:mean_wQuantileLoss'], rmse: end.metrics['test:RMSE'], mb: end.peak_memory_bytes / 2 ** 20,
    seconds: end.train_seconds };
}

function theirs(threads, seed, more) {
  const line = execFileSync('/usr/bin/python3', [path.join(shared, 'peers/deepar.py'), '--data', path.join(shared, 'data/m4_hourly'), '--threads', threads, '--seed', seed,
    ...more], { encoding: 'utf8' });
  const { examples_per_s, metrics, peak_rss_mb, train_s } = JSON.parse(line);
  return { rate: examples_per_s, loss: metrics.mean_wql, rmse: metrics.rmse, mb: peak_rss_mb, seconds: train_s };
}

const speed = [];
for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
  const pairs = Array.from({ length: repeats }, (_, i) => [ours(threads, 1 + i, 4, false), theirs(threads, 1 + i, ['--epochs', 1, '--batches', 25, '--samples', 2])]);
  const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
  speed.push({ threads, we, they });
}
const best = (side) => Math.max(...speed.map((s) => median(s[side].map((r) => r.rate))));
printTable('DeepAR, m4_hourly, 2 x 40 cells: windows per second of training, ours beside PyTorch 1.13', ['threads', 'ours', 'theirs', 'times as fast', 'peak MB, ours / theirs'],
  [...speed.map(({ threads, we, they }) => [threads, range(we.map((r) => r.rate), 0), range(they.map((r) => r.rate), 0), median(we.map((r, i) => r.rate / they[i].rate)).toFixed(2),
    `${median(we.map((r) => r.mb)).toFixed(0)} / ${median(they.map((r) => r.mb)).toFixed(0)} = ${(median(we.map((r) => r.mb)) / median(they.map((r) => r.mb))).toFixed(2)}`]),
  ['best', best('we').toFixed(0), best('they').toFixed(0), `${(best('we') / best('they')).toFixed(2)} (asked 4)`, '(asked 0.2)']]);

const threads = Math.min(2, os.cpus().length);
const probe = ours(threads, 1, 1, false), epochs = Math.round(windows / probe.seen);
const we = Array.from({ length: seeds }, (_, i) => ours(threads, 1 + i, epochs, true));
const they = process.env.PEER_QUALITY ? Array.from({ length: seeds }, (_, i) => theirs(1, 1 + i, [])) : [];
console.log();
printTable(`DeepAR, m4_hourly: mean weighted quantile loss (0.1, 0.5, 0.9) after ${epochs} of our epochs, ${epochs * probe.seen} windows`, ['', 'loss', 'each seed', 'RMSE', 'train s', 'peak MB'], [
  ['ours', (we.reduce((all, r) => all + r.loss, 0) / seeds).toFixed(4), we.map((r) => r.loss.toFixed(4)).join(' '), median(we.map((r) => r.rmse)).toFixed(0), median(we.map((r) => r.seconds)).toFixed(0),
    Math.max(...we.map((r) => r.mb)).toFixed(0)],
  they.length ? ['theirs', (they.reduce((all, r) => all + r.loss, 0) / seeds).toFixed(4), they.map((r) => r.loss.toFixed(4)).join(' '), median(they.map((r) => r.rmse)).toFixed(0),
    median(they.map((r) => r.seconds)).toFixed(0), Math.max(...they.map((r) => r.mb)).toFixed(0)]
    : ['theirs, on file', figure.toFixed(4), '', '1299', '216', '436']]);
