// The engine's commands from outside: describe, train on made and on real data, refusals, signals, pipes that close.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';

function run(args, options = {}) {
  const result = spawnSync(engine, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  const lines = result.stdout.split('\n').filter((line) => line).map((line) => JSON.parse(line));
  return { ...result, lines, last: lines.at(-1), of: (event) => lines.filter((line) => line.event === event) };
}

const train = (...args) => run(['train', '--algorithm', 'linear-learner', ...args]);
const set = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const withoutTimes = (lines) =>
  JSON.stringify(lines.map(({ t, peak_memory_bytes, rows_per_second, train_seconds, ...rest }) => rest));

function refused(result, { what, where, fix, status = 1 }) {
  assert.equal(result.status, status, result.stdout + result.stderr);
  assert.equal(result.last.event, 'error');
  for (const [field, pattern] of Object.entries({ what, where, fix }))
    if (pattern) assert.match(result.last[field], pattern);
}

test('describe names the seven in the order of the notes and what Linear Learner takes', () => {
  const all = run(['describe', '--json']).last.algorithms;
  assert.deepEqual(all.map((a) => a.name),
    ['linear-learner', 'xgboost', 'seq2seq', 'deepar', 'blazingtext', 'object2vec', 'object-detection']);
  for (const a of all) {
    assert.ok(a.title && a.channels[0] && a.content_types.length && a.accepts.length, a.name);
    assert.ok(a.hyperparameters.length > 5 && a.generators.length && a.pictures.length, a.name);
  }
  const learner = run(['describe', 'linear-learner', '--json']).last.algorithms;
  assert.equal(learner.length, 1);
  const of = (name) => learner[0].hyperparameters.find((h) => h.name === name);
  assert.equal(learner[0].hyperparameters.length, 44);
  assert.equal(of('mini_batch_size').default, '1000');
  assert.deepEqual(of('learning_rate'), {
    name: 'learning_rate', type: 'float', auto: true, min: 0, max: null, min_open: true, max_open: false, choices: null,
    default: 'auto', required: false, when: null, effective: true, not_yet: null, help: of('learning_rate').help,
  });
  assert.deepEqual(of('init_method').choices, ['uniform', 'normal']);
  assert.ok(learner[0].hyperparameters.every((h) => h.effective && h.not_yet === null));
  assert.ok(learner[0].generators.some((g) => g.name === 'gauss2' && g.parameters.length));
  refused(run(['describe', 'xgbost']), { fix: /did you mean xgboost/ });
});

test('a run says start, its progress and end, and the line it prints repeats it', () => {
  const first = train('--generate', 'gauss2:n=1000,noise=0.6', '--seed', '7',
    ...set({ predictor_type: 'binary_classifier', mini_batch_size: 50, epochs: 4 }));
  assert.equal(first.status, 0, first.stdout);
  const [start] = first.lines;
  assert.equal(start.event, 'start');
  assert.equal(start.hyperparameters.optimizer, 'adam');
  assert.equal(start.hyperparameters.feature_dim, '2');
  assert.deepEqual([start.data.rows, start.data.columns, start.seed, start.device], [1000, 2, 7, 'cpu']);
  assert.equal(first.last.event, 'end');
  assert.equal(first.last.status, 'done');
  assert.equal(first.of('end').length, 1);
  const names = new Set(first.of('metric').map((m) => m.name));
  for (const name of ['train:objective_loss', 'validation:objective_loss', 'validation:roc_auc_score',
    'test:binary_classification_accuracy', 'test:binary_f_beta', 'test:precision', 'test:recall'])
    assert.ok(names.has(name), name);
  const points = first.of('picture').filter((p) => p.kind === 'points');
  assert.equal(points.length, 1);
  assert.ok(points[0].data.x.length === 500 && points[0].data.label.length === 500);
  const boundary = first.of('picture').filter((p) => p.kind === 'boundary').at(-1).data;
  assert.deepEqual([boundary.weights.length, boundary.weights[0].length, boundary.bias.length], [1, 2, 1]);
  // The line goes through a shell.
  const again = execFileSync('sh', ['-c', start.command.replace('flashlab-engine', engine)], { encoding: 'utf8' });
  assert.equal(withoutTimes(again.trim().split('\n').map((l) => JSON.parse(l))), withoutTimes(first.lines));
});

test('curves and pictures are thinned', () => {
  const { of } = train('--generate', 'gauss2:n=4000',
    ...set({ predictor_type: 'binary_classifier', mini_batch_size: 10, epochs: 10, early_stopping_patience: 99 }));
  assert.ok(of('metric').filter((m) => m.name === 'train:objective_loss').length <= 201);
  assert.ok(of('picture').filter((p) => p.kind === 'boundary').length <= 152);
});

test('wrong words are answered with the right ones', () => {
  refused(run(['trian']), { fix: /did you mean train/ });
  refused(train('--trian', 'x'), { what: /no flag --trian/, fix: /did you mean --train/ });
  refused(train('--train'), { what: /needs a value/ });
  refused(train('--generate', 'gauss2', 'more'), { what: /one word too many/ });
  refused(train('--generate', 'gauss2', '--set', 'predictor_type'), { what: /not a setting/ });
  refused(train('--generate', 'gauss2', ...set({ predictor_type: 'regressor', epoch: 3 })), { where: /^epoch$/, fix: /epochs/ });
  refused(train('--generate', 'gauss2', ...set({ predictor_type: 'binary_classifier', mini_batch_size: 0 })),
    { where: /^mini_batch_size$/, what: /at least 1/ });
  refused(train('--generate', 'gaus2', ...set({ predictor_type: 'binary_classifier' })), { what: /gaus2/ });
  refused(train(...set({ predictor_type: 'regressor' })), { what: /nothing to train on/ });
  refused(run(['train', '--generate', 'gauss2']), { fix: /--algorithm/ });
  refused(run(['train', '--algorithm', 'blazingtxt', '--generate', 'gauss2']), { fix: /did you mean blazingtext/ });
  refused(train('--generate', 'gauss2', '--seed', '-1'), { where: /--seed/ });
  refused(train('--generate', 'gauss2', '--pace', 'slow'), { where: /--pace/ });
  refused(train('--generate', 'gauss2', '--confine', '10'), { where: /--confine/, fix: /SECONDS:MIB/ });
});

test('what this build cannot do is refused with a sentence', () => {
  refused(run(['bench', '--anything']), { what: /comes with a later version/ });
  const settings = set({ predictor_type: 'binary_classifier' });
  const onGpu = ['--generate', 'gauss2', '--device', 'cuda', ...settings];
  const answer = train(...onGpu);
  if (answer.status === 0) assert.match(answer.lines[0].device, /^cuda: ./);
  else refused(answer, { where: /--device/, what: /No GPU answers|no GPU backend/, fix: /--device cpu/ });
  refused(train(...onGpu, '--ranks', '2'), { where: /--device/, what: /shared by 2 ranks/ });
  refused(train(...onGpu, '--confine', '20:500'), { where: /--confine/, what: /GPU/, fix: /--device cpu/ });
  refused(train('--generate', 'gauss2', '--device', 'tpu', ...settings), { where: /--device/, what: /no device 'tpu'/, fix: /cuda/ });
  refused(train('--train', 'x.parquet', ...settings), { what: /cannot be opened/ });
  refused(train('--train', 'engine/main.c', '--content-type', 'application/x-parquet', ...settings),
    { what: /does not take data of type application.x-parquet/, fix: /convert/ });
  const series = set({ time_freq: 'D', context_length: 2, prediction_length: 2, epochs: 1 });
  refused(run(['train', '--algorithm', 'deepar', '--train', 'engine/main.c', '--content-type', 'text/csv', ...series]),
    { what: /does not take data of type text.csv/, fix: /^give application.jsonlines/ });
  refused(train('--generate', 'gauss2', ...settings, ...set({ num_models: 2000 })), { where: /^num_models$/ });
});

test('a run without room for a matrix product ends; it does not wait for room', () => {
  for (const mib of [1, 8, 24]) {
    const result = run(['train', '--algorithm', 'deepar', '--generate', 'season_family:n=10,length=60', '--confine', `30:${mib}`,
      ...set({ time_freq: 'D', context_length: 7, prediction_length: 7, epochs: 1, num_cells: 8 })], { timeout: 120_000 });
    assert.equal(result.signal, null, `with ${mib} MiB`);
    assert.ok(result.status === 0 || result.last.event === 'error', result.stdout);
  }
});

test('no threads and no ranks are refused', () => {
  for (const flag of ['--threads', '--ranks'])
    refused(run(['train', '--algorithm', 'linear-learner', '--generate', 'gauss2', flag, '0']), { where: new RegExp(flag), what: /cannot be 0/ });
});

test('help goes to standard output and lists every flag', () => {
  const { status, stdout } = spawnSync(engine, ['--help'], { encoding: 'utf8' });
  assert.equal(status, 0);
  for (const flag of ['--algorithm', '--train', '--validation', '--test', '--content-type', '--train-annotation',
    '--validation-annotation', '--resume', '--generate', '--set', '--model',
    '--threads', '--ranks', '--spread', '--mode', '--root', '--input', '--accept', '--listen', '--device', '--seed', '--pace', '--confine', '--flip', '--from', '--to'])
    assert.ok(stdout.includes(flag), flag);
});

test('data come from a file, a folder, gzip or standard input, and mean the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flashlab-'));
  try {
    const rows = Array.from({ length: 300 }, (_, i) => `${i % 2},${(i % 2) * 2 + Math.sin(i)},${i % 7}\n`);
    const text = rows.join('');
    writeFileSync(join(folder, 'all.csv'), text);
    writeFileSync(join(folder, 'all.csv.gz'), gzipSync(text));
    mkdirSync(join(folder, 'parts'));
    writeFileSync(join(folder, 'parts', '1'), rows.slice(0, 100).join(''));
    writeFileSync(join(folder, 'parts', '2.gz'), gzipSync(rows.slice(100).join('')));
    writeFileSync(join(folder, 'parts', '_SUCCESS'), '');
    const settings = set({ predictor_type: 'binary_classifier', epochs: 2, mini_batch_size: 20 });
    const metrics = (...args) => {
      const result = train(...args.slice(0, 2), ...settings, ...(args[2] ? ['--content-type', args[2]] : []));
      assert.equal(result.status, 0, result.stdout);
      return result.last.metrics;
    };
    const plain = metrics('--train', join(folder, 'all.csv'));
    assert.ok(plain['train:binary_classification_accuracy'] > 0.5);
    assert.deepEqual(metrics('--train', join(folder, 'all.csv.gz'), 'text/csv;label_size=1'), plain);
    assert.deepEqual(metrics('--train', join(folder, 'parts')), plain);
    const piped = run(['train', '--algorithm', 'linear-learner', '--train', '-', ...settings], { input: text });
    assert.deepEqual(piped.last.metrics, plain);
    assert.equal(piped.last.bytes_read, text.length);
    refused(train('--train', '-', '--test', '-', ...settings), { what: /one channel only/ });
    writeFileSync(join(folder, 'bad.csv'), '1,2,3\n0,x,3\n');
    refused(train('--train', join(folder, 'bad.csv'), ...settings), { where: /bad\.csv, line 2, column 2/, what: /'x' is not a number/ });
    writeFileSync(join(folder, 'head.csv'), 'label,a,b\n0,1,3\n');
    refused(train('--train', join(folder, 'head.csv'), ...settings), { what: /header/, fix: /delete the first line/ });
    writeFileSync(join(folder, 'wide.csv'), '0,1,3,4\n');
    refused(train('--train', join(folder, 'all.csv'), '--test', join(folder, 'wide.csv'), ...settings), { what: /3 features/ });
    refused(train('--train', join(folder, 'none.csv'), ...settings), { what: /cannot be opened/ });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('divergence ends as a result with a sentence', () => {
  const result = train('--generate', 'gauss_lin:n=500,d=5',
    ...set({ predictor_type: 'regressor', optimizer: 'sgd', learning_rate: 10, mini_batch_size: 50, epochs: 50,
      use_lr_scheduler: false }));
  assert.equal(result.status, 0);
  assert.ok(result.of('log').some(({ text }) => /^diverged at step \d+: loss became .*Lower learning_rate \(now 10\)\.$/.test(text)));
  assert.ok(result.last.metrics.diverged_at_step > 1);
  assert.equal(result.last.metrics['test:objective_loss'], null);
});

test('settings that are not read are named', () => {
  const { of } = train('--generate', 'gauss2:n=100', ...set({ predictor_type: 'binary_classifier', num_classes: 5 }));
  assert.ok(of('log').some(({ text }) => text.startsWith('num_classes has no effect here')));
});

const slow = ['train', '--algorithm', 'linear-learner', '--generate', 'gauss2:n=2000', '--pace', '0.05',
  ...set({ predictor_type: 'binary_classifier', mini_batch_size: 10, epochs: 1000 })];

test('SIGTERM ends a run gracefully', async () => {
  const child = spawn(engine, slow);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    if (text.includes('train:objective_loss')) child.kill('SIGTERM');
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(status, 0);
  assert.equal(JSON.parse(text.trim().split('\n').at(-1)).status, 'stopped');
});

test('a reader that goes away ends the run quietly', async () => {
  const child = spawn(engine, slow, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints += chunk));
  child.stdout.once('data', () => child.stdout.destroy());
  const [status, signal] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
  assert.deepEqual([status, signal, complaints], [0, null, '']);
});

test('a confined run trains', () => {
  const result = train('--generate', 'gauss2:n=500', '--confine', '60:1024', ...set({ predictor_type: 'binary_classifier' }));
  assert.equal(result.status, 0, result.stdout);
  assert.equal(result.last.status, 'done');
});

// Real tables, with the figure of a peer on the same split: scikit-learn 1.2.1, standardised columns.
function real(name, settings) {
  const path = (part) => join(shared, 'data', name, `${part}.csv.gz`);
  const result = train('--train', path('train'), '--validation', path('valid'), '--test', path('test'), ...set(settings));
  assert.equal(result.status, 0, result.stdout);
  return result.last.metrics;
}
const without = (name) =>
  existsSync(join(shared, 'data', name)) ? false : `the shared data are absent: ${join(shared, 'data', name)}`;

test('california_housing: defaults reach the RMSE of least squares', { skip: without('california_housing') }, () => {
  const rmse = Math.sqrt(real('california_housing', { predictor_type: 'regressor' })['test:mse']);
  assert.ok(rmse <= 0.71, `RMSE ${rmse}, the peer's least squares 0.6963`);
  assert.ok(rmse >= 0.68, `RMSE ${rmse} is better than a linear model can be`);
});

test('bank_marketing: defaults reach the AUC of logistic regression', { skip: without('bank_marketing') }, () => {
  const auc = real('bank_marketing', { predictor_type: 'binary_classifier' })['test:roc_auc_score'];
  assert.ok(auc >= 0.785 && auc <= 0.8, `AUC ${auc}, the peer 0.7911`);
});

test('covtype20k: defaults come near the accuracy of softmax regression', { skip: without('covtype20k') }, () => {
  const metrics = real('covtype20k', { predictor_type: 'multiclass_classifier', num_classes: 7 });
  assert.ok(metrics['test:multiclass_accuracy'] >= 0.725, `accuracy ${metrics['test:multiclass_accuracy']}, the peer 0.739`);
  assert.ok(metrics['test:multiclass_top_k_accuracy'] > metrics['test:multiclass_accuracy']);
});
