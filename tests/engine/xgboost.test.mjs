/* XGBoost from outside: as good as the real one, every setting does what it says, nothing is ignored, nothing crashes.
 * What the real one says is in tests/golden/xgboost/, made by tests/reference/xgboost_quality.py. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const root = new URL('../..', import.meta.url).pathname;
const build = process.env.FLASHLAB_BUILD ?? join(root, 'build');
const engine = join(build, 'flashlab-engine');
const golden = (name) => join(root, 'tests/golden/xgboost', name);
const read = (name) => JSON.parse(readFileSync(golden(name), 'utf8'));
const dir = mkdtempSync(join(tmpdir(), 'flashlab-xgboost-'));
after(() => rmSync(dir, { recursive: true }));

function run(settings, data, more = []) {
  const from = data.includes('/') ? ['--train', data] : ['--generate', data];
  const pairs = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const out = spawnSync(engine, ['train', '--algorithm', 'xgboost', ...from, ...pairs, ...(more.includes('--threads') ? [] : ['--threads', '1']), ...more],
    { encoding: 'utf8', maxBuffer: 1 << 28, timeout: 180_000 });
  assert.ok(out.status !== null, `killed: ${out.signal} ${from.join(" ")} ${pairs.join(" ")}`);
  assert.ok(out.status < 128, `crashed with ${out.status}: ${out.stderr}`);
  return { status: out.status, events: out.stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
}

function train(settings, data = 'bumps_clf:n=400', more = ['--seed', '1']) {
  const { status, events } = run({ num_round: 10, ...settings }, data, more);
  const last = events.at(-1);
  assert.equal(status, 0, JSON.stringify(last));
  const of = (kind) => events.filter((e) => e.event === 'picture' && e.kind === kind);
  return { metrics: last.metrics, events, of, last, logs: events.filter((e) => e.event === 'log').map((e) => e.text) };
}

function refusal(settings, data = 'bumps_clf:n=100', more = ['--seed', '1']) {
  const { status, events } = run({ num_round: 2, ...settings }, data, more);
  const last = events.at(-1);
  assert.equal(status, 1, JSON.stringify(last));
  assert.equal(last.event, 'error');
  assert.match(last.what, /^.{12,}$/);
  return last;
}

function file(name, text) {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

const logistic = { objective: 'binary:logistic' };

/* --- beside the real one ------------------------------------------------------------------------------------------ */

test('without chance the metric is that of the real XGBoost', () => {
  for (const c of read('cases.json')) {
    const value = train(c.settings, c.generate).metrics[`test:${c.metric}`];
    /* hist with a bin for every value grows the same trees; where the others cut is for each to choose: losses may be
       2 % worse, and better by any amount (1.7 takes no sketch_eps, the service does) */
    const same = c.settings.tree_method === 'hist' && c.settings.max_bin === '4096';
    const room = (same ? 1e-4 : 0.02) * c.value;
    const worse = same || !/rmse|mae|loss|error/.test(c.metric) ? Math.abs(value - c.value) : value - c.value;
    assert.ok(worse <= room, `${c.generate} ${JSON.stringify(c.settings)}: ${value}, not ${c.value}`);
  }
});

test('with chance it is within the spread of its seeds', () => {
  for (const c of read('seeds.json')) {
    const ours = [1, 2].map((seed) => train({ ...c.settings, seed }, c.generate).metrics[`test:${c.metric}`]);
    const mean = (v) => v.reduce((a, b) => a + b) / v.length;
    const spread = Math.max(...c.values) - Math.min(...c.values);
    assert.ok(Math.abs(mean(ours) - mean(c.values)) <= spread,
      `${c.generate} ${JSON.stringify(c.settings)}: ${ours}, not ${c.values}`);
  }
});

test('missing cells and weights count as in the real one', () => {
  for (const c of read('weights.json')) {
    const settings = { ...c.settings, csv_weights: 1 };
    const value = train(settings, golden('cells.csv')).metrics[`train:${c.metric}`];
    assert.ok(Math.abs(value - c.value) <= 0.02 * c.value, `${JSON.stringify(c.settings)}: ${value}, not ${c.value}`);
  }
});

test('gblinear finds the weights that the real one finds', () => {
  for (const c of read('linear.json')) {
    const shown = train(c.settings, c.generate).of('coefficients').at(-1).data;
    const outputs = shown.values.length;
    const flat = shown.values[0].flatMap((_, j) => shown.values.map((row) => row[j])).concat(shown.bias);
    assert.equal(flat.length, c.weights.length);
    flat.forEach((w, i) => assert.ok(Math.abs(w - c.weights[i]) <= 2e-4 * Math.max(1, Math.abs(c.weights[i])),
      `${JSON.stringify(c.settings)}: weight ${i} of ${outputs} is ${w}, not ${c.weights[i]}`));
  }
});

/* --- every setting does something ---------------------------------------------------------------------------------- */

const leaves = (m) => m.leaves;
const size = (m) => m.mean_leaf_size;
const trained = (m) => m['train:logloss'];

/* [what, from, to, what is measured, does it rise (1), fall (-1) or only change (0), shared settings] */
const effects = [
  ['num_round', 5, 30, trained, -1],
  ['eta', 0.1, 0.5, trained, -1],
  ['max_depth', 2, 6, leaves, 1],
  ['min_child_weight', 1, 20, leaves, -1],
  ['gamma', 0, 3, leaves, -1],
  ['lambda', 1, 50, size, -1],
  ['alpha', 0, 5, size, -1],
  ['max_delta_step', 0, 0.2, trained, 1],
  ['subsample', 1, 0.5, trained, 0],
  ['colsample_bytree', 1, 0.4, trained, 1],
  ['colsample_bylevel', 1, 0.4, trained, 1],
  ['colsample_bynode', 1, 0.4, trained, 1],
  ['scale_pos_weight', 1, 5, (m, r) => r.of('confusion').at(-1).data.counts.reduce((sum, row) => sum + row[1], 0), 1],
  ['base_score', 0.5, 0.99, trained, 1],
  ['max_bin', 256, 4, trained, 1, { tree_method: 'hist' }],
  ['sketch_eps', 0.01, 0.4, trained, 1, { tree_method: 'approx' }],
  ['max_leaves', 0, 4, leaves, -1, { tree_method: 'hist' }],
  ['grow_policy', 'depthwise', 'lossguide', trained, 0, { tree_method: 'hist', max_leaves: 12 }],
  ['tree_method', 'exact', 'hist', trained, 0, { max_bin: 16 }],
  ['updater', 'grow_colmaker,prune', 'grow_quantile_histmaker', trained, 0, { max_bin: 16 }],
  ['sampling_method', 'uniform', 'gradient_based', trained, 0, { tree_method: 'hist', subsample: 0.4 }],
  ['monotone_constraints', '(0)', '(1,1,1,1,1,1,1,1,1,1,1,1)', trained, 1],
  ['interaction_constraints', '[[0,1,2,3,4,5,6,7,8,9,10,11]]', '[[0],[1],[2],[3]]', trained, 1],
  ['num_parallel_tree', 1, 4, (m) => m.trees, 1, { subsample: 0.5 }],
  ['seed', 1, 2, trained, 0, { subsample: 0.5 }],
  ['booster', 'gbtree', 'dart', trained, 1, { one_drop: 1 }],
  ['rate_drop', 0, 0.5, trained, 0, { booster: 'dart' }],
  ['one_drop', 0, 1, trained, 0, { booster: 'dart' }],
  ['skip_drop', 0, 0.7, trained, 0, { booster: 'dart', rate_drop: 0.5 }],
  ['sample_type', 'uniform', 'weighted', trained, 0, { booster: 'dart', rate_drop: 0.3, num_round: 20 }],
  ['normalize_type', 'tree', 'forest', trained, 0, { booster: 'dart', rate_drop: 0.5 }],
  ['booster', 'gbtree', 'gblinear', trained, 1],
  ['lambda_bias', 0, 1, (m, r) => Math.abs(r.of('coefficients').at(-1).data.bias[0]), -1, { booster: 'gblinear' }],
  ['lambda', 0, 1, (m, r) => Math.max(...r.of('coefficients').at(-1).data.values[0].map(Math.abs)), -1,
    { booster: 'gblinear' }],
  ['alpha', 0, 0.05, (m, r) => r.of('coefficients').at(-1).data.values[0].filter((w) => w === 0).length, 1,
    { booster: 'gblinear' }],
  ['updater', 'shotgun', 'coord_descent', (m, r) => r.events[0].hyperparameters.updater === 'shotgun' ? 1 : 2, 1,
    { booster: 'gblinear' }],
  ['verbosity', 0, 3, (m, r) => r.logs.length, 1],
  ['early_stopping_rounds', 100, 2, (m) => m.rounds, -1, { num_round: 60 }],
];

test('every setting changes the result the way it says', () => {
  for (const [name, from, to, measure, way, shared] of effects) {
    const [a, b] = [from, to].map((value) => {
      const result = train({ ...logistic, tree_method: name === 'updater' ? 'auto' : 'exact',
        eval_metric: 'logloss', ...(shared?.booster === 'gblinear' ? { tree_method: 'auto' } : {}), ...shared,
        [name]: value });
      return measure(result.metrics, result);
    });
    const text = `${name} from ${from} (${a}) to ${to} (${b})`;
    assert.ok(Number.isFinite(a) && Number.isFinite(b) && a !== b, text);
    assert.ok(way === 0 || Math.sign(b - a) === way, text);
  }
});

test('settings of one objective change that objective', () => {
  const pairs = [
    ['tweedie_variance_power', 1.1, 1.9, { objective: 'reg:tweedie', eval_metric: 'rmse' }, 'imb_gauss'],
    ['huber_slope', 0.1, 10, { objective: 'reg:pseudohubererror', eval_metric: 'rmse' }, 'friedman1'],
    ['max_delta_step', 0.1, 5, { objective: 'count:poisson', eval_metric: 'rmse' }, 'imb_gauss'],
  ];
  const times = file('times.csv', Array.from({ length: 200 }, (_, i) => `${1 + (i * 37) % 50},${i % 10}`).join('\n'));
  for (const value of ['normal', 'logistic', 'extreme'])
    pairs.push(['aft_loss_distribution_scale', 0.5, 2, { objective: 'survival:aft', aft_loss_distribution: value }, times]);
  const finals = new Set();
  for (const [name, from, to, shared, data] of pairs) {
    const [a, b] = [from, to].map((value) => JSON.stringify(train({ ...shared, [name]: value }, data).metrics));
    assert.notEqual(a, b, name);
    finals.add(a);
  }
  assert.equal(finals.size, pairs.length);
});

test('the other name of a setting is the setting', () => {
  for (const [name, alias, value] of [['eta', 'learning_rate', 0.1], ['gamma', 'min_split_loss', 2],
    ['lambda', 'reg_lambda', 9], ['alpha', 'reg_alpha', 2]]) {
    const a = train({ ...logistic, [name]: value });
    const b = train({ ...logistic, [alias]: value });
    assert.deepEqual(a.metrics, b.metrics);
    assert.equal(b.events[0].hyperparameters[name], String(value));
    assert.match(refusal({ [name]: value, [alias]: value }).what, /same setting/);
  }
});

test('several metrics, the last one decides; a tuned metric comes last', () => {
  const both = train({ ...logistic, eval_metric: 'auc,error', early_stopping_rounds: 3, num_round: 60 });
  const swapped = train({ ...logistic, eval_metric: 'error,auc', early_stopping_rounds: 3, num_round: 60 });
  const tuned = train({ ...logistic, eval_metric: 'error', _tuning_objective_metric: 'validation:auc',
    early_stopping_rounds: 3, num_round: 60 });
  assert.notEqual(both.metrics.best_round, swapped.metrics.best_round);
  assert.deepEqual(tuned.metrics, swapped.metrics);
  for (const name of ['auc', 'error'])
    for (const channel of ['train', 'validation', 'test'])
      assert.ok(`${channel}:${name}` in both.metrics);
});

test('early stopping keeps the best round', () => {
  const set = { ...logistic, eval_metric: 'logloss', num_round: 80 };
  const early = train({ ...set, early_stopping_rounds: 5 });
  const curve = early.events.filter((e) => e.event === 'metric' && e.name === 'validation:logloss');
  const best = curve.reduce((a, b) => (b.value < a.value ? b : a));
  assert.equal(early.metrics.best_round, best.step);
  assert.equal(early.metrics.rounds, best.step + 5);
  assert.ok(Math.abs(early.metrics['validation:logloss'] - best.value) < 1e-6);
  const fresh = train({ ...set, num_round: best.step });
  assert.ok(Math.abs(fresh.metrics['test:logloss'] - early.metrics['test:logloss']) < 1e-6);
  for (const booster of [{ booster: 'dart', rate_drop: 0.2 }, { booster: 'gblinear' }]) {
    const kept = train({ ...set, ...booster, early_stopping_rounds: 4 });
    const said = kept.events.filter((e) => e.event === 'metric' && e.name === 'validation:logloss' &&
      e.step === kept.metrics.best_round);
    assert.ok(Math.abs(said[0].value - kept.metrics['validation:logloss']) < 1e-5, JSON.stringify(booster));
  }
});

test('the same seed gives the same run, whatever the number of threads', () => {
  const set = { ...logistic, tree_method: 'hist', subsample: 0.6, colsample_bynode: 0.5 };
  const [a, b, c] = [1, 2, 1].map((nthread) => train({ ...set, nthread }).metrics);
  assert.deepEqual(a, b);
  assert.deepEqual(a, c);
  assert.deepEqual(train({ ...set, booster: 'dart', rate_drop: 0 }).metrics['test:logloss'],
    train(set).metrics['test:logloss']);
  assert.notDeepEqual(train(set, 'bumps_clf:n=400', ['--seed', '2']).metrics, a);
});

test('rows spread over ranks give the model of one rank', () => {
  const data = 'bumps_clf:n=901';
  for (const settings of [{}, { subsample: 0.6, tree_method: 'approx' }, { booster: 'dart', rate_drop: 0.3 },
    { booster: 'gblinear' }, { objective: 'reg:absoluteerror', eval_metric: 'mae' }]) {
    const set = { ...logistic, tree_method: 'hist', ...settings };
    const one = train(set, data).metrics;
    for (const spread of ['threads', 'processes']) {
      const many = train(set, data, ['--seed', '1', '--threads', '1', '--ranks', '3', '--spread', spread]).metrics;
      assert.deepEqual(Object.keys(many), Object.keys(one));
      for (const [name, value] of Object.entries(one))
        assert.ok(Math.abs(many[name] - value) <= 1e-5 * Math.abs(value), `${JSON.stringify(settings)} ${name}`);
    }
  }
  assert.match(refusal({ objective: 'rank:pairwise' }, data, ['--ranks', '2']).what, /2 ranks/);
  assert.match(refusal({ tree_method: 'exact' }, data, ['--ranks', '2']).what, /exact/);
});

/* --- what is refused ------------------------------------------------------------------------------------------------ */

const refused = [
  [{ deterministic_histogram: 'false' }, /whole numbers/],
  [{ single_precision_histogram: 'true' }, /whole numbers/],
  [{ use_dask_gpu_training: 'true' }, /--ranks/],
  [{ process_type: 'update' }, /no channel/],
  [{ updater: 'refresh' }, /no channel/],
  [{ dsplit: 'col' }, /by rows/],
  [{ prob_buffer_row: 0.5 }, /dropped/],
  [{ _kfold: 3 }, /runs/],
  [{ _num_cv_round: 2 }, /_kfold/],
  [{ tree_method: 'gpu_hist' }, /GPU/],
  [{ predictor: 'gpu_predictor' }, /GPU/],
  [{ save_model_on_termination: 'false' }, /always saves/],
  [{ max_depth: 0 }, /limit/],
  [{ max_depth: 0, max_leaves: 8, tree_method: 'exact' }, /exact/],
  [{ tree_method: 'exact', grow_policy: 'lossguide' }, /exact/],
  [{ tree_method: 'exact', sampling_method: 'gradient_based' }, /exact/],
  [{ tree_method: 'hist', updater: 'grow_colmaker,prune' }, /tree_method exact, not hist/],
  [{ updater: 'prune' }, /place 1/],
  [{ updater: 'grow_colmaker,grow_histmaker' }, /place 2/],
  [{ updater: 'grow_colmaker', gamma: 1 }, /prune/],
  [{ updater: 'shotgun' }, /does not fit/],
  [{ updater: 'grow_colmaker', booster: 'gblinear' }, /does not fit/],
  [{ updater: 'grow_faster' }, /no updater/],
  [{ booster: 'gblinear', objective: 'reg:absoluteerror' }, /leaves/],
  [{ monotone_constraints: '(2)' }, /cannot be/],
  [{ monotone_constraints: '(1,0' }, /cannot be/],
  [{ monotone_constraints: `(${Array(13).fill(0)})` }, /more columns/],
  [{ interaction_constraints: '[[0,99]]' }, /column 99/],
  [{ interaction_constraints: '[0,1]' }, /cannot be/],
  [{ interaction_constraints: '[["a","b"]]' }, /cannot be/],
  [{ eval_metric: 'speed' }, /speed/],
  [{ eval_metric: 'auc', objective: 'reg:squarederror' }, /auc/],
  [{ eval_metric: ' ' }, /empty/],
  [{ objective: 'binary:logistik' }, /cannot be/],
  [{ objective: 'multi:softmax' }, /num_class/],
  [{ num_class: 1, objective: 'multi:softmax' }, /range/],
  [{ eta: -0.1 }, /range/],
  [{ eta: 1.5 }, /range/],
  [{ subsample: 0 }, /range/],
  [{ colsample_bytree: 1.01 }, /range/],
  [{ num_round: 0 }, /range/],
  [{ gamma: -1 }, /range/],
  [{ lambda: -1 }, /range/],
  [{ alpha: 'much' }, /number/],
  [{ max_depth: 2.5 }, /whole/],
  [{ max_bin: 1 }, /range/],
  [{ scale_pos_weight: 0 }, /range/],
  [{ sketch_eps: 1 }, /range/],
  [{ tweedie_variance_power: 2 }, /range/],
  [{ early_stopping_rounds: 0 }, /range/],
  [{ base_score: 1, ...logistic }, /base_score/],
  [{ base_score: -1 }, /range/],
  [{ csv_weights: 2 }, /cannot be/],
  [{ max_dept: 3 }, /no hyperparameter/],
];

test('what cannot be done is refused with a sentence', () => {
  for (const [settings, sentence] of refused) {
    const error = refusal(settings);
    assert.match(`${error.what} ${error.fix}`, sentence, JSON.stringify(settings));
    assert.ok(error.where && error.fix, JSON.stringify(error));
  }
  assert.match(run({ objective: 'reg:squarederror' }, 'friedman1:n=50').events.at(-1).what, /num_round/);
});

test('settings that the booster does not read are named', () => {
  const { logs } = train({ ...logistic, booster: 'gblinear', max_depth: 3 });
  assert.ok(logs.some((text) => /max_depth has no effect here/.test(text)));
});

/* --- bad input: a sentence, or a result that is defined -------------------------------------------------------------- */

const rows = (n, line) => Array.from({ length: n }, (_, i) => line(i)).join('\n') + '\n';
const bad = [
  ['a label that is no number', 'nan,1\n1,2\n', {}, /nan|label|number/i],
  ['an infinite label', 'inf,1\n1,2\n', {}, /inf|label|number/i],
  ['an infinite feature', '1,inf\n1,2\n', {}, /inf/i],
  ['a label that is no class', rows(30, (i) => `${i % 3},${i}`), logistic, /row 3|label/i],
  ['a label above num_class', rows(30, (i) => `${i % 5},${i}`), { objective: 'multi:softprob', num_class: 3 }, /class/],
  ['a negative count', '-1,1\n1,2\n', { objective: 'count:poisson' }, /label/i],
  ['a label of 0 for gamma', '0,1\n1,2\n', { objective: 'reg:gamma' }, /label/i],
  ['no rows', '', {}, /row|empty/i],
  ['no features', '1\n0\n', {}, /feature|column/i],
  ['ragged rows', '1,2,3\n1,2\n', {}, /cell|column|feature/i],
  ['more features at validation', rows(9, (i) => `${i},1`), {}, /feature|column/i, '1,2,3\n'],
];

test('bad input is refused with a sentence', () => {
  for (const [what, text, settings, sentence, validation] of bad) {
    const more = validation ? ['--validation', file('validation.csv', validation)] : [];
    const error = refusal(settings, file('bad.csv', text), more);
    assert.match(`${error.where}: ${error.what}`, sentence, what);
  }
});

const defined = [
  ['one class only', rows(40, (i) => `1,${i}`), { ...logistic, eval_metric: 'auc,logloss' },
    (r) => r.metrics['train:auc'] === null && r.metrics['train:logloss'] < 0.1 &&
      r.logs.some((text) => /nothing to tell apart/.test(text))],
  ['constant columns', rows(40, (i) => `${i % 2},5,${i % 2},5`), logistic,
    (r) => r.of('importance').at(-1).data.features.join() === '1'],
  ['only constant columns', rows(40, (i) => `${i % 4 ? 1 : 0},5`), { ...logistic, num_round: 60 },
    (r) => r.metrics.leaves === 60 && Math.abs(r.metrics['train:logloss'] - 0.5623) < 1e-3],
  ['a column of missing cells', rows(40, (i) => `${i % 2},,${i % 2}`), logistic,
    (r) => r.metrics['train:logloss'] < 0.2],
  ['one row', '3,1\n', {}, (r) => Number.isFinite(r.metrics['train:rmse'])],
  ['rows of weight 0', rows(40, (i) => `${i % 2},${i % 2},${i}`), { ...logistic, csv_weights: 1 },
    (r) => r.metrics['train:logloss'] < 0.2],
  ['huge values', rows(40, (i) => `${i % 2},${i % 2 ? '3e38' : '-3e38'}`), logistic,
    (r) => r.metrics['train:logloss'] < 0.2],
  ['100,000 columns', rows(20, (i) => `${i % 2} ${i % 2 ? '99999:1' : '5:1'}`), logistic,
    (r) => r.metrics['train:logloss'] < 0.4, 'libsvm'],
  ['scores that leave the numbers', rows(40, (i) => `${i % 2 ? '3e38' : '-3e38'},${i}`), { eta: 1, lambda: 0 },
    (r) => Object.values(r.metrics).every((v) => v === null || Number.isFinite(v))],
];

test('odd input has a defined result', () => {
  for (const [what, text, settings, holds, type] of defined) {
    const result = train({ min_child_weight: 0, ...settings }, file(`odd.${type ?? 'csv'}`, text), []);
    assert.ok(holds(result), `${what}: ${JSON.stringify(result.last)}`);
  }
});

/* --- what a watcher sees -------------------------------------------------------------------------------------------- */

test('trees are drawn as they grow, importance and regions with them', () => {
  const long = train({ ...logistic, num_round: 300, max_depth: 3, eval_metric: 'auc,logloss' }, 'moons2:n=300');
  for (const kind of ['tree', 'importance', 'regions', 'ranking', 'confusion']) {
    assert.ok(long.of(kind).length > 3, kind);
    assert.ok(long.of(kind).length <= 51, kind);
  }
  assert.equal(long.of('points').length, 1);
  const regions = long.of('regions').at(-1).data;
  assert.equal(regions.values.length, 3600);
  assert.equal(regions.classes, 2);
  assert.ok(regions.values.every((v) => v >= 0 && v <= 1));
  assert.ok(Math.min(...regions.values) < 0.05 && Math.max(...regions.values) > 0.95);
  const metrics = long.events.filter((e) => e.event === 'metric' && e.name === 'validation:logloss');
  assert.ok(metrics.length <= 201);
  assert.equal(metrics.filter((e) => e.step === 300).length, 1);
  for (const { data } of long.of('tree')) {
    assert.ok(data.nodes.length <= 63);
    data.nodes.forEach((n, i) => assert.ok(n.left < 0 ? n.right < 0 : n.left > i && n.right === n.left + 1));
  }
  const deep = train({ num_round: 3, max_depth: 9, tree_method: 'exact' }, 'friedman1:n=2000').of('tree');
  assert.ok(deep.every(({ data }) => data.cut && data.nodes.length <= 63));
});

test('a curve, residuals and coefficients for what is no class', () => {
  const curve = train({ num_round: 100, max_depth: 3 }, 'curve1');
  const { x, y } = curve.of('curve').at(-1).data;
  assert.equal(x.length, y.length);
  assert.ok(curve.of('residuals').length > 2);
  const linear = train({ ...logistic, booster: 'gblinear' }, 'logit_lin:d=6');
  assert.equal(linear.of('coefficients').at(-1).data.values[0].length, 6);
});

/* --- the saved model -------------------------------------------------------------------------------------------------- */

const judge = spawnSync('/usr/bin/python3', ['-c', 'import xgboost, numpy'], { encoding: 'utf8' });

test('the real XGBoost loads the model and predicts the same', { skip: judge.status !== 0 && 'python3-xgboost is not here' }, () => {
  const table = golden('cells.csv');
  const bare = file('bare.csv', readFileSync(table, 'utf8').split('\n').filter(Boolean)
    .map((line) => line.split(',').slice(2).join(',')).join('\n') + '\n');
  const models = [{}, { booster: 'dart', rate_drop: 0.3 }, { booster: 'gblinear' }, { num_parallel_tree: 3, subsample: 0.6 },
    { objective: 'reg:pseudohubererror', base_score: 2 }, { early_stopping_rounds: 3, num_round: 60, eta: 0.9 },
    { early_stopping_rounds: 3, num_round: 60, eta: 0.9, booster: 'dart', rate_drop: 0.3 }];
  const other = file('other.csv', readFileSync(table, 'utf8').split('\n').slice(0, 60).join('\n'));
  const ours = models.map((settings, i) => {
    const model = join(dir, `model${i}`);
    const { metrics } = train({ ...settings, csv_weights: 1 }, table, ['--validation', other, '--model', model, '--seed', '1']);
    const out = spawnSync(engine, ['predict', '--model', model, '--input', bare], { encoding: 'utf8' });
    assert.equal(out.status, 0, out.stdout + out.stderr);
    return { values: out.stdout.trim().split('\n').map(Number), metrics };
  });
  const theirs = spawnSync('/usr/bin/python3', ['-c', `
import sys, numpy as np, xgboost as xgb
x = xgb.DMatrix(np.genfromtxt(sys.argv[1], delimiter=',', dtype=np.float32))
for model in sys.argv[2:]:
    print(*xgb.Booster(model_file=model).predict(x).tolist())`,
    bare, ...models.map((_, i) => join(dir, `model${i}`, 'xgboost-model'))], { encoding: 'utf8' });
  assert.equal(theirs.status, 0, theirs.stderr);
  theirs.stdout.trim().split('\n').forEach((line, i) => {
    const values = line.split(' ').map(Number);
    assert.equal(values.length, 400);
    values.forEach((v, k) => assert.ok(Math.abs(ours[i].values[k] - v) <= 1e-5 * Math.max(1, Math.abs(v)),
      `${JSON.stringify(models[i])}, row ${k}: ${ours[i].values[k]}, not ${v}`));
  });
  assert.ok(ours[6].metrics.best_round < ours[6].metrics.rounds);
});

test('an answer holds what SAGEMAKER_INFERENCE_OUTPUT names', () => {
  const model = join(dir, 'selected');
  train(logistic, 'gauss2:n=200', ['--model', model, '--seed', '1']);
  const row = file('row.csv', '0.5,0.5\n');
  const ask = (list) => spawnSync(engine, ['predict', '--model', model, '--input', row, '--accept', 'application/json'],
    { encoding: 'utf8', env: { ...process.env, ...(list ? { SAGEMAKER_INFERENCE_OUTPUT: list } : {}) } });
  const p = JSON.parse(ask('').stdout).predictions[0].score;
  assert.deepEqual(JSON.parse(ask('predicted_label,labels,probability,probabilities').stdout).predictions[0],
    { predicted_label: Number(p > 0.5), labels: [0, 1], probability: p,
      probabilities: JSON.parse(ask('probabilities').stdout).predictions[0].probabilities });
  const [low, high] = JSON.parse(ask('probabilities').stdout).predictions[0].probabilities;
  assert.ok(Math.abs(low + high - 1) < 1e-6 && high === p);
  assert.notEqual(ask('predicted_score').status, 0);
  assert.ok(existsSync(join(model, 'xgboost-model')));
});
