// XGBoost beside the real one: the same data, settings and threads, in turns, medians; training seconds (both sketch and
// bin the columns in them), the metric on the test part over three seeds, and peak memory of the whole process.
// REPEATS=5, ROWS=name,name choose less; needs the data and the peers' scripts (FLASHLAB_SHARED, default ../shared).
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { median, printTable, range } from './table.mjs';

const engine = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';
const repeats = Number(process.env.REPEATS ?? 5);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

const tasks = [
  { name: 'brfss_diabetes', objective: 'binary:logistic', metric: 'logloss', goal: 2 },
  { name: 'sgemm', objective: 'reg:squarederror', metric: 'rmse', goal: 2 },
  { name: 'nsl_kdd', objective: 'binary:logistic', metric: 'auc', goal: 2 },
  { name: 'covtype20k', objective: 'multi:softprob', classes: 7, metric: 'mlogloss', goal: 2 },
  { name: 'california_housing', objective: 'reg:squarederror', metric: 'rmse', goal: 3 },
  { name: 'letter', objective: 'multi:softprob', classes: 26, metric: 'mlogloss', goal: 3 },
  { name: 'mnist', objective: 'multi:softprob', classes: 10, metric: 'mlogloss', goal: 4, rounds: 10, sparse: true },
].filter((task) => !process.env.ROWS || process.env.ROWS.split(',').includes(task.name));

if (!fs.existsSync(path.join(shared, 'peers/gbdt.py'))) {
  console.log('XGBoost: left out, the data and the peers are not there (FLASHLAB_SHARED)');
  process.exit(0);
}

// MNIST's own files as libsvm, zeros left out: what the peer calls zeros as missing.
function libsvm(images, labels, out) {
  const x = zlib.gunzipSync(fs.readFileSync(images)).subarray(16), y = zlib.gunzipSync(fs.readFileSync(labels)).subarray(8);
  const rows = [];
  for (let i = 0; i < y.length; i++) {
    const cells = [y[i]];
    for (let j = 0; j < 784; j++) if (x[i * 784 + j]) cells.push(`${j}:${x[i * 784 + j]}`);
    rows.push(cells.join(' '));
  }
  if (!rows.some((row) => row.includes(' 783:'))) rows[0] += ' 783:0'; // as many columns in both parts
  fs.writeFileSync(out, `${rows.join('\n')}\n`);
  return out;
}

function files({ name, sparse }) {
  const dir = path.join(shared, 'data', name), at = (file) => path.join(dir, file);
  if (!sparse) return [at('train.csv.gz'), at('test.csv.gz')];
  return [libsvm(at('train-images-idx3-ubyte.gz'), at('train-labels-idx1-ubyte.gz'), path.join(work, 'train.libsvm')),
    libsvm(at('t10k-images-idx3-ubyte.gz'), at('t10k-labels-idx1-ubyte.gz'), path.join(work, 'test.libsvm'))];
}

function ours(task, [train, test], threads, seed) {
  const settings = { objective: task.objective, num_round: task.rounds ?? 100, max_depth: 6, eta: 0.3, max_bin: 256,
    tree_method: 'hist', eval_metric: task.metric, seed, ...(task.classes ? { num_class: task.classes } : {}) };
  const result = spawnSync(engine, ['train', '--algorithm', 'xgboost', '--train', train, '--test', test, '--threads', threads,
    ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const end = JSON.parse(result.stdout.trim().split('\n').at(-1));
  if (result.status !== 0) throw new Error(JSON.stringify(end));
  return { seconds: end.train_seconds, metric: end.metrics[`test:${task.metric}`], mb: end.peak_memory_bytes / 2 ** 20 };
}

function theirs(task, threads, seed) {
  const line = execFileSync('/usr/bin/python3', [path.join(shared, 'peers/gbdt.py'), '--data', path.join(shared, 'data', task.name),
    '--rounds', task.rounds ?? 100, '--depth', 6, '--eta', 0.3, '--max-bin', 256, '--threads', threads, '--seed', seed,
    ...(task.sparse ? ['--missing', 0] : [])], { encoding: 'utf8' });
  const { train_s, metrics, peak_rss_mb } = JSON.parse(line);
  return { seconds: train_s, metric: metrics[task.metric], mb: peak_rss_mb };
}

const rows = [];
for (const task of tasks) {
  const data = files(task), times = task.sparse ? Math.min(repeats, 3) : repeats;
  for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
    const pairs = Array.from({ length: times }, (_, i) => [ours(task, data, threads, 1 + (i % 3)), theirs(task, threads, 1 + (i % 3))]);
    const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
    const of = (side, key) => median(side.map((run) => run[key]));
    rows.push([task.name, threads, range(we.map((r) => r.seconds), 3), range(they.map((r) => r.seconds), 3),
      `${median(pairs.map(([a, b]) => b.seconds / a.seconds)).toFixed(2)} (asked ${task.goal})`,
      `${task.metric} ${of(we, 'metric').toFixed(4)} / ${of(they, 'metric').toFixed(4)}`,
      `${of(we, 'mb').toFixed(0)} / ${of(they, 'mb').toFixed(0)} = ${(of(we, 'mb') / of(they, 'mb')).toFixed(2)}`]);
  }
}
printTable('XGBoost hist, depth 6, eta 0.3, 256 bins, 100 rounds (mnist 10): ours beside xgboost', ['data', 'threads',
  'ours s', 'theirs s', 'times as fast', 'test metric, ours / theirs', 'peak MB'], rows);
