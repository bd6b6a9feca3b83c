/* DeepAR from outside: better than repeating the season, settings that do what they say, requests and answers as the
 * service has them, and a sentence for everything that cannot be done. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';

const root = new URL('../..', import.meta.url).pathname;
const engine = join(process.env.FLASHLAB_BUILD ?? join(root, 'build'), 'flashlab-engine');
const dir = mkdtempSync(join(tmpdir(), 'flashlab-deepar-'));
after(() => rmSync(dir, { recursive: true }));

const small = { time_freq: 'D', context_length: 7, prediction_length: 7, epochs: 2, mini_batch_size: 16, num_cells: 8,
  num_layers: 1, num_eval_samples: 20 };
const recipe = 'season_family:n=10,length=60,horizon=7';

function run(args, options = {}) {
  const out = spawnSync(engine, args, { encoding: 'utf8', maxBuffer: 1 << 28, timeout: 240_000, ...options });
  assert.ok(out.status !== null && out.status < 128, `crashed: ${out.signal} ${out.stderr}`);
  return out;
}

function train(settings, from = ['--generate', recipe], more = []) {
  const pairs = Object.entries({ ...small, ...settings }).filter(([, value]) => value !== null)
    .flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const out = run(['train', '--algorithm', 'deepar', ...from, ...pairs, '--threads', '1', '--seed', '1', ...more]);
  const events = out.stdout.trim().split('\n').map((line) => JSON.parse(line)), last = events.at(-1);
  return { status: out.status, events, last, metrics: last.metrics,
    pictures: events.filter((e) => e.event === 'picture').map((e) => e.data),
    logs: events.filter((e) => e.event === 'log').map((e) => e.text).join('\n') };
}

function good(...args) {
  const result = train(...args);
  assert.equal(result.status, 0, JSON.stringify(result.last));
  return result;
}

function file(name, lines) {
  const path = join(dir, name), text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(`${text}\n`) : `${text}\n`);
  return path;
}

const wave = (n, more = {}) => ({ start: '2024-01-01 00:00:00', target: Array.from({ length: n }, (_, i) => 10 + (i % 7)), ...more });
const waves = (count, n, more = () => ({})) => Array.from({ length: count }, (_, i) => wave(n, more(i)));

/* --- training ------------------------------------------------------------------------------------------------------ */

test('a trained model beats repeating the last season, and says how sure it is', () => {
  const { metrics, logs, pictures } = good({ context_length: 14, epochs: 25, learning_rate: 0.01, num_cells: 24, num_eval_samples: 100 },
    ['--generate', 'season_family:n=30,length=112,horizon=7,noise=0.2']);
  const naive = Number(/test: beside it, .* gives wQuantileLoss\[0.5\] ([0-9.]+)/.exec(logs)[1]);
  assert.ok(metrics['test:wQuantileLoss[0.5]'] < 0.9 * naive, `${metrics['test:wQuantileLoss[0.5]']} beside ${naive}`);
  const mean = Object.entries(metrics).filter(([name]) => name.startsWith('test:wQuantileLoss')).map(([, value]) => value);
  assert.equal(mean.length, 9);
  assert.ok(Math.abs(metrics['test:mean_wQuantileLoss'] - mean.reduce((a, b) => a + b) / 9) < 1e-12);
  assert.ok(metrics['test:RMSE'] > 0 && Number.isFinite(metrics['train:final_loss']));
  const [first, end] = [pictures[0], pictures.at(-1)];
  assert.equal(first.epoch, 0);
  assert.equal(end.epoch, 25);
  assert.deepEqual(first.series.map((s) => [s.name, s.start, s.history, s.truth]), end.series.map((s) => [s.name, s.start, s.history, s.truth]));
  for (const s of end.series) {
    assert.deepEqual([s.truth.length, s.mean.length, s.quantiles['0.1'].length], [7, 7, 7]);
    s.mean.forEach((_, i) => assert.ok(s.quantiles['0.1'][i] <= s.quantiles['0.5'][i] && s.quantiles['0.5'][i] <= s.quantiles['0.9'][i]));
  }
  const sum = (key, from) => from.series.reduce((all, s) => all + s[key], 0);
  assert.ok(sum('wql', end) < sum('wql', first) / 2);
  assert.ok(sum('inside', end) / end.series.length > 0.5);
});

test('the same seed gives the same lines; ranks the same loss', () => {
  const lines = (result) => result.events.filter((e) => e.event === 'metric' || e.event === 'picture').map(({ t, ...rest }) => rest);
  const once = good({ dropout_rate: 0 });
  assert.deepEqual(lines(once), lines(good({ dropout_rate: 0 })));
  assert.notDeepEqual(lines(once), lines(good({ dropout_rate: 0 }, undefined, ['--seed', '2'])));
  const ranks = good({ dropout_rate: 0 }, undefined, ['--ranks', '2']);
  for (const name of ['train:final_loss', 'test:RMSE', 'test:mean_wQuantileLoss'])
    assert.ok(Math.abs(ranks.metrics[name] / once.metrics[name] - 1) < 2e-3, `${name} ${ranks.metrics[name]} ${once.metrics[name]}`);
  assert.match(train({ mini_batch_size: 1000000 }).last.what, /too large for the network/);
  assert.match(train({ mini_batch_size: 1 }, undefined, ['--ranks', '2']).last.what, /less than a window for each of 2 ranks/);
});

test('every setting changes what is learned, or is refused', () => {
  const loss = (settings) => good(settings).metrics['train:final_loss'], base = loss({});
  for (const settings of [{ context_length: 9 }, { prediction_length: 6 }, { epochs: 3 }, { likelihood: 'gaussian' }, { likelihood: 'deterministic-L1' },
    { mini_batch_size: 32 }, { learning_rate: 0.01 }, { num_cells: 9 }, { num_layers: 2 }, { dropout_rate: 0.3 }, { embedding_dimension: 3 },
    { cardinality: 'ignore' }, { cardinality: '' }, { time_freq: '2D' }])
    assert.notEqual(loss(settings), base, JSON.stringify(settings));
  const promo = ['--generate', `${recipe},promo=0.2`], told = good({}, promo).metrics['train:final_loss'];
  for (const value of ['ignore', '']) assert.notEqual(good({ num_dynamic_feat: value }, promo).metrics['train:final_loss'], told);
  assert.equal(good({ num_dynamic_feat: 1 }, promo).metrics['train:final_loss'], told);
  const more = good({ num_eval_samples: 40, test_quantiles: '[0.25]' });
  assert.equal(more.metrics['train:final_loss'], base);
  assert.equal(more.metrics['test:mean_wQuantileLoss'], more.metrics['test:wQuantileLoss[0.25]']);
  assert.notEqual(more.metrics['test:RMSE'], good({}).metrics['test:RMSE']);
});

test('early stopping keeps the best epoch', () => {
  const { events, logs, metrics } = good({ epochs: 200, learning_rate: 0.05, early_stopping_patience: 2 });
  const losses = events.filter((e) => e.name === 'train:objective_loss').map((e) => e.value);
  assert.ok(losses.length < 200);
  assert.match(logs, /has not fallen for 2 epochs/);
  assert.equal(metrics['train:final_loss'], Math.min(...losses));
  assert.equal(losses.indexOf(Math.min(...losses)), losses.length - 3);
});

test('counts, shares and gaps', () => {
  good({ likelihood: 'negative-binomial' }, ['--generate', `${recipe},counts=1,gaps=0.2`]);
  const shares = file('shares.jsonl', waves(8, 60).map((s) => ({ ...s, target: s.target.map((v, i) => (i % 9 ? (v - 10) / 6 : null)) })));
  const { metrics, logs } = good({ likelihood: 'beta' }, ['--train', shares, '--test', shares]);
  assert.ok(metrics['test:RMSE'] < 1);
  assert.match(logs, /1 tells gaps/);
});

test('gzip holds what plain lines do', () => {
  const plain = file('plain.jsonl', waves(8, 60)), packed = file('packed.jsonl.gz', waves(8, 60));
  const of = (path) => good({}, ['--train', path]).metrics['train:final_loss'];
  assert.equal(of(plain), of(packed));
});

test('short series are left out and counted', () => {
  const data = file('short.jsonl', [...waves(8, 60), wave(6), wave(3)]);
  const { logs } = good({}, ['--train', data, '--test', data]);
  assert.match(logs, /2 of 10 training series are shorter than prediction_length = 7/);
  assert.match(logs, /2 of 10 test series are no longer than prediction_length = 7/);
});

/* --- what is refused ------------------------------------------------------------------------------------------------ */

test('bad settings and data end with a sentence that helps', () => {
  const table = [
    [{ time_freq: null }, null, /needs time_freq/], [{ time_freq: 'Q' }, null, /is no frequency/], [{ context_length: null }, null, /needs context_length/],
    [{ prediction_length: 0 }, null, /out of range/], [{ dropout_rate: 1 }, null, /out of range/], [{ cardinality: '[1,x]' }, null, /is no list/],
    [{ cardinality: '[0]' }, null, /is no list/], [{ num_dynamic_feat: 'two' }, null, /must be a number/], [{ test_quantiles: '[0.5, 1]' }, null, /between 0 and 1/],
    [{ likelihood: 'poisson' }, null, /cannot be 'poisson'/], [{ num_dynamic_feat: 3 }, null, /have 0/], [{ cardinality: '[1]' }, null, /is not below its cardinality, 1/],
    [{}, [wave(299)], /at least 300/], [{}, [...waves(6, 60), { start: '2024-01-01', target: [null, 'NaN', null] }], /All values of the series are missing/],
    [{}, [wave(300, { cat: [0] }), wave(300)], /cat/], [{}, [wave(300, { cat: [0] }), wave(300, { cat: [0, 1] })], /cat/],
    [{}, [wave(300, { dynamic_feat: [[1, 2]] })], /Dynamic feature 1 has 2 values/], [{ likelihood: 'beta' }, [wave(300)], /beta is for values from 0 to 1/],
    [{ likelihood: 'negative-binomial' }, [wave(300), { ...wave(3), target: [1, 2.5, 3] }], /Value 2 is 2.5/], [{ prediction_length: 400 }, [wave(300)], /Every training series is shorter/],
    [{}, [{ ...wave(300), start: '2024-13-01' }], /./], [{}, ['{"start":"2024-01-01 00:00:00"}'], /./], [{}, [{ target: [1] }], /./],
  ];
  for (const [i, [settings, lines, what]] of table.entries()) {
    const { status, last } = train(settings, lines ? ['--train', file(`bad${i}.jsonl`, lines)] : undefined);
    assert.equal(status, 1, `${i}: ${JSON.stringify(last)}`);
    assert.equal(last.event, 'error');
    assert.match(last.what, what, `${i}`);
    assert.ok(last.what.length > 12 && last.fix.length > 3, JSON.stringify(last));
  }
  const train8 = file('cats.jsonl', waves(8, 60, (i) => ({ cat: [i % 3] })));
  for (const [lines, what] of [[waves(2, 60), /have 0 categories each, but the model was trained with 1/], [waves(2, 60, () => ({ cat: [3] })), /Category 3 .* not below/]])
    assert.match(train({}, ['--train', train8, '--test', file('cats-test.jsonl', lines)]).last.what, what);
});

test('a loss that is no number stops the run, names the step and the setting', () => {
  const huge = file('huge.jsonl', waves(8, 60).map((s) => ({ ...s, target: s.target.map((v) => v * 1e36) })));
  const { status, last } = train({ likelihood: 'gaussian', learning_rate: 1e37, epochs: 50 }, ['--train', huge]);
  assert.equal(status, 1, JSON.stringify(last));
  assert.match(last.what, /step \d+/);
  assert.match(`${last.where} ${last.fix} ${last.what}`, /learning_rate/);
});

/* --- requests ------------------------------------------------------------------------------------------------------- */

const model = join(dir, 'model'), sided = join(dir, 'sided');
good({ epochs: 4 }, ['--train', file('ask.jsonl', waves(8, 60))], ['--model', model]);
good({ epochs: 2 }, ['--train', file('sides.jsonl', waves(8, 60, (i) => ({ cat: [i % 2], dynamic_feat: [Array(60).fill(i)] })))], ['--model', sided]);

function ask(folder, request, { type = 'application/json', accept, env } = {}) {
  const input = typeof request === 'string' ? request : JSON.stringify(request);
  const out = run(['predict', '--model', folder, '--input', '-', '--content-type', type, ...(accept ? ['--accept', accept] : [])],
    { input, env: { ...process.env, ...env } });
  return { status: out.status, text: out.stdout, error: out.status ? JSON.parse(out.stderr.trim().split('\n').at(-1)) : null };
}

test('a request gets what it asks for, always the same', () => {
  const request = { instances: [wave(30), { start: '2024-02-01', target: [3, 'NaN', 5, null, 7] }],
    configuration: { num_samples: 50, output_types: ['mean', 'quantiles', 'samples'], quantiles: ['0.5', '0.9'] } };
  const { status, text } = ask(model, request), { predictions } = JSON.parse(text);
  assert.equal(status, 0, text);
  assert.equal(predictions.length, 2);
  for (const p of predictions) {
    assert.deepEqual(Object.keys(p).sort(), ['mean', 'quantiles', 'samples']);
    assert.deepEqual(Object.keys(p.quantiles).sort(), ['0.5', '0.9']);
    assert.deepEqual([p.mean.length, p.quantiles['0.5'].length, p.samples.length, p.samples[0].length], [7, 7, 50, 7]);
    p.mean.forEach((mean, t) => assert.ok(Math.abs(mean - p.samples.reduce((all, path) => all + path[t], 0) / 50) < 1e-3 * Math.abs(mean) + 1e-3));
  }
  assert.equal(ask(model, request).text, text);
  const plain = JSON.parse(ask(model, { instances: [wave(30)] }).text).predictions[0];
  assert.deepEqual(Object.keys(plain).sort(), ['mean', 'quantiles']);
  assert.deepEqual(Object.keys(plain.quantiles), ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7', '0.8', '0.9']);
});

test('batch transform: a line for each, configured by the environment', () => {
  const lines = `${JSON.stringify(wave(30))}\n\n${JSON.stringify(wave(20))}\n`;
  const env = { DEEPAR_INFERENCE_CONFIG: '{"num_samples":30,"output_types":["quantiles"],"quantiles":["0.25"]}' };
  const { status, text } = ask(model, lines, { type: 'application/jsonlines', env }), answers = text.trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(status, 0, text);
  assert.deepEqual(answers.map((a) => [Object.keys(a), Object.keys(a.quantiles)]), [[['quantiles'], ['0.25']], [['quantiles'], ['0.25']]]);
  assert.equal(JSON.parse(ask(model, { instances: [wave(30)] }, { type: 'application/jsonlines', accept: 'application/json' }).text).predictions.length, 1, 'a request in a file called .json');
  assert.equal(JSON.parse(ask(model, lines, { type: 'application/jsonlines', accept: 'application/json' }).text).predictions.length, 2);
});

test('categories and features are needed where training had them', () => {
  const future = (n) => wave(n, { cat: [1], dynamic_feat: [Array(n + 7).fill(1)] });
  assert.equal(ask(sided, { instances: [future(30)] }).status, 0);
  const table = [[wave(30), /have 0 categories each, but the model was trained with 1/], [wave(30, { cat: [1] }), /0 dynamic features/],
    [wave(30, { cat: [2], dynamic_feat: [Array(37).fill(1)] }), /Category 2 of feature 1 is not below its cardinality, 2/],
    [wave(30, { cat: [1], dynamic_feat: [Array(36).fill(1)] }), /has 36 values for each feature, but 37 are needed/],
    [wave(30, { cat: [1], dynamic_feat: [[...Array(36).fill(1), null]] }), /./]];
  for (const [instance, what] of table) {
    const { status, error } = ask(sided, { instances: [instance] });
    assert.equal(status, 1);
    assert.match(error.what, what);
  }
});

test('bad requests are refused by a sentence', () => {
  const one = [wave(20)], table = ['', '[]', '{}', '{"instances":[]}', '{"instances":{}}', '{"instances":[{}]}', '{"instances":[1]}', `{"instances":${JSON.stringify(one)}} x`,
    `{"instances":${JSON.stringify(one)}`, '{"instances":[{"start":"2024-01-01","target":[]}]}', '{"instances":[{"start":"2024-01-01","target":[null]}]}',
    '{"instances":[{"start":"yesterday","target":[1]}]}', ...[{ num_samples: 0 }, { num_samples: 1e9 }, { num_samples: 'x' }, { output_types: [] }, { output_types: ['median'] },
      { quantiles: ['1.5'] }, { quantiles: [] }, { quantiles: 'x' }, { samples: 3 }, 7].map((configuration) => JSON.stringify({ instances: one, configuration }))];
  for (const request of table) {
    const { status, error, text } = ask(model, request);
    assert.equal(status, 1, `${request} ${text}`);
    assert.ok(error.what.length > 12 && error.fix.length > 3, JSON.stringify(error));
  }
  const many = { instances: Array(2000).fill(wave(20)), configuration: { num_samples: 10000 } };
  assert.match(ask(model, many).error.what, /2000 instances are too many/);
  assert.match(ask(model, '1,2', { type: 'text/csv' }).error.what, /cannot be of type/);
  assert.match(ask(model, { instances: one }, { accept: 'text/csv' }).error.what, /cannot be of type/);
});

/* --- saved models --------------------------------------------------------------------------------------------------- */

test('a model file that is cut short, empty or of another network is refused', () => {
  const broken = (spoil) => {
    const copy = mkdtempSync(join(dir, 'broken-'));
    cpSync(model, copy, { recursive: true });
    spoil(copy);
    const { status, error } = ask(copy, { instances: [wave(20)] });
    assert.equal(status, 1);
    assert.ok(error.what.length > 12, JSON.stringify(error));
    return error;
  };
  const size = (name) => readFileSync(join(model, name)).length;
  for (const part of [0, 1, 0.5, 0.99]) broken((copy) => truncateSync(join(copy, 'deepar.weights'), part === 1 ? 1 : Math.floor(size('deepar.weights') * part)));
  for (const part of [0, 0.5, 0.9]) broken((copy) => truncateSync(join(copy, 'deepar.json'), Math.floor(size('deepar.json') * part)));
  broken((copy) => cpSync(join(sided, 'deepar.weights'), join(copy, 'deepar.weights')));
  broken((copy) => cpSync(join(sided, 'deepar.json'), join(copy, 'deepar.json')));
  broken((copy) => writeFileSync(join(copy, 'model.json'), readFileSync(join(copy, 'model.json'), 'utf8').replace('"num_cells":"8"', '"num_cells":"8000"')));
  broken((copy) => writeFileSync(join(copy, 'model.json'), readFileSync(join(copy, 'model.json'), 'utf8').replace('"deepar"', '"xgboost"')));
  broken((copy) => writeFileSync(join(copy, 'deepar.json'), readFileSync(join(copy, 'deepar.json'), 'utf8').replace('"lags":[', '"lags":[-5,')));
});
