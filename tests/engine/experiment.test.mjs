// The experiment command from outside: LL-14, its flip twin, one of XGBoost with settings of the twin's own, and what happens when it is stopped or asked for nonsense.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');

function run(...args) {
  const result = spawnSync(engine, ['experiment', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const lines = result.stdout.split('\n').filter((line) => line).map((line) => JSON.parse(line));
  return { ...result, lines, of: (event, kind) => lines.filter((l) => l.event === event && (!kind || l.kind === kind)) };
}

// The same experiment without the pace that lets people watch.
const catalogue = JSON.parse(readFileSync(new URL('../../content/experiments/linear-learner.json', import.meta.url)));
catalogue.experiments = catalogue.experiments.filter((e) => e.id === 'LL-14').map(({ pace, ...rest }) => rest);
const folder = mkdtempSync(join(tmpdir(), 'flashlab-experiment-'));
const fast = join(folder, 'll-14.json');
writeFileSync(fast, JSON.stringify(catalogue));
after(() => rmSync(folder, { recursive: true }));

const main = run('LL-14', '--seed', '1');

test('LL-14 is confirmed: normalising raises the hold-out accuracy', () => {
  assert.equal(main.status, 0, main.stderr);
  const [verdict] = main.of('verdict');
  assert.equal(verdict.verdict, 'confirmed', verdict.text);
  assert.ok(verdict.low > 0.01 && verdict.low <= verdict.mean && verdict.mean <= verdict.high);
  assert.equal(main.lines.at(-1).event, 'end');
  assert.equal(main.lines.at(-1).status, 'done');
});

test('the flip twin refutes it: with equal scales nothing changes', () => {
  const flip = run(fast, '--flip', '--seed', '1');
  const [verdict] = flip.of('verdict');
  assert.equal(verdict.verdict, 'refuted', verdict.text);
  assert.ok(Math.abs(verdict.mean) < 0.01 && verdict.low > -0.01 && verdict.high < 0.01);
  assert.equal(verdict.flip, true);
  assert.equal(verdict.condition, 'the scales differ');
});

test('the lines have the order and fields that the page reads', () => {
  const [start] = main.of('start');
  assert.equal(main.lines[0], start);
  assert.equal(start.command, 'flashlab-engine experiment LL-14 --seed 1');
  assert.deepEqual(start.arms.map((arm) => arm.name), ['raw', 'normalised']);
  assert.deepEqual(start.seeds, { start: 6, cap: 20 });
  const pairs = main.of('picture', 'pairs');
  assert.ok(pairs.length >= 6 && pairs.length <= 20);
  pairs.forEach(({ data }, i) => {
    assert.equal(data.rows.length, i + 1);
    for (const row of data.rows) assert.ok(Math.abs(row.values[1] - row.values[0] - row.difference) < 1e-12);
  });
  const mean = pairs.at(-1).data.rows.reduce((sum, row) => sum + row.difference, 0) / pairs.length;
  assert.ok(Math.abs(mean - main.of('verdict')[0].mean) < 1e-12);
  assert.equal(main.of('verdict')[0].seeds, pairs.length);
});

test('every arm and seed has its loss curve, and only the measured runs have one', () => {
  const losses = main.lines.filter((l) => l.event === 'metric' && l.name === 'train:objective_loss');
  const seeds = main.of('verdict')[0].seeds;
  for (const arm of ['raw', 'normalised'])
    for (let seed = 1; seed <= seeds; seed++) {
      const curve = losses.filter((l) => l.arm === arm && l.seed === seed);
      assert.ok(curve.length >= 5, `${arm} ${seed}`);
      const steps = curve.map((l) => l.step);
      assert.deepEqual(steps, [...new Set(steps)].sort((a, b) => a - b), `${arm} ${seed}: one run, in order`);
    }
});

test('the contour of each arm: values on a grid, a path inside it, a lowest point', () => {
  const contours = main.of('picture', 'contour');
  assert.deepEqual(contours.map((c) => c.arm), ['raw', 'normalised']);
  for (const { data, seed } of contours) {
    assert.equal(seed, 1);
    assert.equal(data.values.length, data.grid ** 2);
    assert.ok(data.values.every(Number.isFinite));
    assert.ok(data.path.length > 50);
    for (const [x, y] of data.path) {
      assert.ok(x >= data.x.low && x <= data.x.high);
      assert.ok(y >= data.y.low && y <= data.y.high);
    }
    assert.ok(data.optimum[0] > data.x.low && data.optimum[0] < data.x.high);
  }
  // The raw arm hardly moves along the weight of the feature with small numbers; the normalised one is under way.
  const way = ({ data }) => (data.path.at(-1)[0] - data.path[0][0]) / (data.optimum[0] - data.path[0][0]);
  assert.ok(Math.abs(way(contours[0])) < 0.01, `raw went ${way(contours[0])} of the way`);
  assert.ok(way(contours[1]) > 0.4 && way(contours[1]) < 1.2, `normalised went ${way(contours[1])} of the way`);
});

test('same seed, same lines, wherever in the run it comes; another seed, other numbers', () => {
  const later = run(fast, '--seed', '3');
  const curves = ({ lines }) => lines.filter((l) => l.event === 'metric' && l.seed >= 3 && l.seed <= 6).map(({ t, ...rest }) => rest);
  const rows = (r) => r.of('picture', 'pairs').at(-1).data.rows;
  assert.ok(curves(main).length > 1000);
  assert.deepEqual(curves(later), curves(main));
  assert.deepEqual(rows(later).slice(0, 4), rows(main).slice(2, 6));
  assert.notEqual(rows(main)[0].difference, rows(main)[1].difference);
});

test('XGB-12: a smaller eta ends better, and worse where the twin allows few trees', () => {
  const trees = JSON.parse(readFileSync(new URL('../../content/experiments/xgboost.json', import.meta.url)));
  trees.experiments = trees.experiments
    .filter((e) => e.id === 'XGB-12')
    .map(({ pace, ...rest }) => ({ ...rest, data: 'bumps_clf:n=300,flip=0.2', seeds: { start: 4, cap: 8 },
      base: { ...rest.base, num_round: '80' }, flip: { ...rest.flip, data: 'bumps_clf:n=300,flip=0.05' } }));
  const file = join(folder, 'xgb-12.json');
  writeFileSync(file, JSON.stringify(trees));
  for (const [flip, rounds, verdict] of [[[], '80', 'confirmed'], [['--flip'], '15', 'refuted']]) {
    const result = run(file, ...flip, '--seed', '1');
    assert.equal(result.status, 0, result.stderr);
    const [start] = result.of('start');
    assert.deepEqual(start.arms.map((arm) => arm.settings.num_round), [rounds, rounds]);
    assert.deepEqual(start.arms.map((arm) => arm.settings.eta), ['0.3', '0.05']);
    const [said] = result.of('verdict');
    assert.equal(said.verdict, verdict, said.text);
    const curve = result.lines.filter((l) => l.event === 'metric' && l.name === 'validation:logloss' && l.arm === 'small' && l.seed === 2);
    assert.equal(Math.max(...curve.map((l) => l.step)), Number(rounds), 'the curve by which the page shows the run');
  }
});

test('every experiment of the catalogue can be run, and its twin', async () => {
  for (const name of ['linear-learner', 'xgboost']) {
    const { experiments } = JSON.parse(readFileSync(new URL(`../../content/experiments/${name}.json`, import.meta.url)));
    for (const experiment of experiments)
      for (const flip of [[], ['--flip']]) {
        const child = spawn(engine, ['experiment', experiment.id, ...flip]);
        const text = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
        child.kill('SIGKILL');
        const first = JSON.parse(text.split('\n')[0]);
        assert.deepEqual([first.event, first.experiment, first.flip], ['start', experiment.id, flip.length > 0], text.slice(0, 300));
      }
  }
});

test('a signal ends it in order: the last line says stopped', async () => {
  const child = spawn(engine, ['experiment', 'LL-14', '--pace', '0.05']);
  let text = '';
  child.stdout.on('data', (data) => {
    if (!text) setTimeout(() => child.kill('SIGTERM'), 200);
    text += data;
  });
  await new Promise((resolve) => child.on('close', resolve));
  const lines = text.trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines.at(-1).event, 'end');
  assert.equal(lines.at(-1).status, 'stopped');
  assert.ok(!lines.some((l) => l.event === 'verdict'));
});

test('nonsense is refused with a sentence and exit status 1', () => {
  for (const [args, what] of [[['LL-99'], /LL-99/], [['no/such.json'], /cannot be read/], [['LL-14', '--seed', 'x'], /seed|x/]]) {
    const bad = run(...args);
    assert.equal(bad.status, 1);
    const error = bad.lines.at(-1);
    assert.equal(error.event, 'error');
    assert.match(error.what, what);
  }
});
