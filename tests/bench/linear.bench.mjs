// Linear Learner beside scikit-learn's and liblinear's solvers: the same data and threads, in turns, medians. The time is
// that of training until the loss on the test part is at most that of the peer's solver plus 0.1 %: a solver that does
// not reach the best of their losses plus 0.1 % does not count. Whole commands too, file to model; 32 models in one pass
// beside one; and the start on 2,000 rows.
// REPEATS=5, ROWS=name,name choose less; needs the data and the peers' scripts (FLASHLAB_SHARED, default ../shared).
import { execFileSync, spawn, spawnSync } from 'node:child_process';
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

const sgd = { optimizer: 'sgd', bias_lr_mult: 1, num_point_for_scaler: 1000000, num_models: 1,
  early_stopping_patience: 1000 };
const tasks = [
  { name: 'bank_marketing', models: 'lbfgs,liblinear,sgd', metric: 'logloss', settings: { ...sgd, epochs: 13, wd: 0.00003, momentum: 0.95,
    predictor_type: 'binary_classifier', mini_batch_size: 1000, learning_rate: 1, lr_scheduler_step: 29, lr_scheduler_factor: 0.7 } },
  { name: 'brfss_diabetes', models: 'lbfgs,liblinear,sgd', metric: 'logloss', settings: { num_models: 1, epochs: 2,
    predictor_type: 'binary_classifier', mini_batch_size: 1000, learning_rate: 0.1, bias_lr_mult: 1, lr_scheduler_step: 30, lr_scheduler_factor: 0.6 } },
  { name: 'covtype20k', models: 'lbfgs,liblinear,saga', metric: 'mlogloss', settings: { ...sgd, epochs: 200, wd: 0.00003, momentum: 0.9,
    predictor_type: 'multiclass_classifier', num_classes: 7, mini_batch_size: 250, learning_rate: 0.5, lr_scheduler_step: 1700, lr_scheduler_factor: 0.7 } },
  { name: 'mnist', models: 'lbfgs', metric: 'mlogloss', slow: true, settings: { num_models: 1, epochs: 5, learning_rate: 0.002,
    bias_lr_mult: 1, predictor_type: 'multiclass_classifier', num_classes: 10, mini_batch_size: 500 } },
].filter((task) => !process.env.ROWS || process.env.ROWS.split(',').includes(task.name));

if (!fs.existsSync(path.join(shared, 'peers/linear.py'))) {
  console.log('Linear Learner: left out, the data and the peers are not there (FLASHLAB_SHARED)');
  process.exit(0);
}

// MNIST's own files as CSV, the label first.
function mnist(images, labels, out) {
  const x = zlib.gunzipSync(fs.readFileSync(images)).subarray(16), y = zlib.gunzipSync(fs.readFileSync(labels)).subarray(8);
  const rows = Array.from(y, (label, i) => `${label},${x.subarray(i * 784, (i + 1) * 784).join(',')}`);
  fs.writeFileSync(out, `${rows.join('\n')}\n`);
  return out;
}

function files({ name }) {
  const at = (file) => path.join(shared, 'data', name, file);
  if (name !== 'mnist') return [at('train.csv.gz'), at('test.csv.gz')];
  return [mnist(at('train-images-idx3-ubyte.gz'), at('train-labels-idx1-ubyte.gz'), path.join(work, 'train.csv')),
    mnist(at('t10k-images-idx3-ubyte.gz'), at('t10k-labels-idx1-ubyte.gz'), path.join(work, 'test.csv'))];
}

const flags = (settings) => Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`]);

function ours(settings, [train, test], threads) {
  const began = performance.now();
  const result = spawnSync(engine, ['train', '--algorithm', 'linear-learner', '--train', train, '--validation', test, '--threads',
    threads, '--model', path.join(work, 'model'), ...flags(settings)], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const whole = (performance.now() - began) / 1000;
  const end = JSON.parse(result.stdout.trim().split('\n').at(-1));
  if (result.status !== 0) throw new Error(JSON.stringify(end));
  return { seconds: end.train_seconds, whole, loss: end.metrics['validation:objective_loss'] };
}

// One line for each solver; the whole command is loading and training, without Python's own start.
function theirs(task, threads) {
  const text = execFileSync('/usr/bin/python3', [path.join(shared, 'peers/linear.py'), '--data', path.join(shared, 'data', task.name),
    '--models', task.models, '--threads', threads], { encoding: 'utf8' });
  const solvers = text.trim().split('\n').map((line) => JSON.parse(line))
    .map(({ peer, load_s, train_s, metrics }) => ({ peer, seconds: train_s, whole: load_s + train_s, loss: metrics[task.metric] }));
  const target = Math.min(...solvers.map((solver) => solver.loss)) * 1.001;
  return solvers.filter((solver) => solver.loss <= target).sort((a, b) => a.seconds - b.seconds)[0];
}

function besidePeers() {
  const rows = [];
  for (const task of tasks) {
    const data = files(task), times = task.slow ? 1 : repeats;
    for (const threads of task.slow || os.cpus().length < 2 ? [1] : [1, 2]) {
      const pairs = Array.from({ length: times }, () => [ours(task.settings, data, threads), theirs(task, threads)]);
      const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
      const ratio = (key) => median(pairs.map(([a, b]) => b[key] / a[key])).toFixed(2);
      const reached = median(we.map((r) => r.loss)) <= median(they.map((r) => r.loss)) * 1.001;
      rows.push([task.name, threads, they[0].peer, range(we.map((r) => r.seconds), 3), range(they.map((r) => r.seconds), 3),
        `${ratio('seconds')} (asked 3)`, `${ratio('whole')} (asked 5)`,
        `${median(we.map((r) => r.loss)).toFixed(4)} / ${median(they.map((r) => r.loss)).toFixed(4)}${reached ? '' : ' NOT REACHED'}`]);
    }
  }
  printTable('Linear Learner to the fastest solver\'s loss + 0.1 %', ['data', 'threads', 'peer', 'ours s', 'theirs s',
    'times as fast', 'whole command', 'loss, ours / theirs'], rows);
}

function manyModels() {
  const task = { name: 'brfss_diabetes' }, data = files(task);
  const settings = { predictor_type: 'binary_classifier', epochs: 5, early_stopping_patience: 1000 };
  const pairs = Array.from({ length: repeats }, () => [1, 32].map((num_models) => ours({ ...settings, num_models }, data, 1)));
  const ratio = (key) => median(pairs.map(([one, many]) => many[key] / one[key])).toFixed(2);
  printTable('32 models in one pass beside one, brfss_diabetes, 5 epochs, 1 thread', ['one s', '32 s', 'training', 'whole command'],
    [[range(pairs.map(([one]) => one.seconds), 3), range(pairs.map(([, many]) => many.seconds), 3),
      `${ratio('seconds')} (asked 3)`, ratio('whole')]]);
}

function firstMetric(file) {
  return new Promise((done) => {
    const began = performance.now();
    const child = spawn(engine, ['train', '--algorithm', 'linear-learner', '--train', file, '--set', 'predictor_type=binary_classifier']);
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('"metric"')) return;
      child.stdout.removeAllListeners('data');
      child.stdout.resume();
      const ms = performance.now() - began;
      child.on('close', () => done(ms));
    });
  });
}

async function starts() {
  const source = zlib.gunzipSync(fs.readFileSync(path.join(shared, 'data/brfss_diabetes/train.csv.gz'))).toString();
  const file = path.join(work, 'small.csv'), times = [];
  fs.writeFileSync(file, `${source.split('\n').slice(0, 2000).join('\n')}\n`);
  for (let i = 0; i < 4 * repeats; i++) times.push(await firstMetric(file));
  printTable('Start to first metric event, 2,000 rows', ['ms'], [[`${range(times)} (asked 20)`]]);
}

besidePeers();
manyModels();
await starts();
