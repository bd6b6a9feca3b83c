// A model from training to its answers: saved, asked once, served by the service's HTTP contract, from the service's
// folders; and what is said when it is not whole. Also: N ranks make the model that one makes.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const build = process.env.FLASHLAB_BUILD ?? 'build';
const engine = join(build, 'flashlab-engine');
const work = mkdtempSync(join(tmpdir(), 'flashlab-model-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const set = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const run = (args, options = {}) => spawnSync(engine, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
const events = (result) => result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));

const problems = {
  'linear-learner': { predictor_type: 'binary_classifier', epochs: 5, mini_batch_size: 50 },
  xgboost: { objective: 'binary:logistic', num_round: 8, max_depth: 3, tree_method: 'hist' },
};

function trained(algorithm, ...more) {
  const dir = join(work, `${algorithm}-${Math.random().toString(36).slice(2)}`);
  const result = run(['train', '--algorithm', algorithm, '--generate', 'gauss2:n=600,noise=0.5', '--model', dir,
    ...set(problems[algorithm]), ...more]);
  assert.equal(result.status, 0, result.stdout + result.stderr);
  return { dir, end: events(result).at(-1) };
}

function predicted(dir, input, type, accept) {
  const result = run(['predict', '--model', dir, '--input', '-', '--content-type', type,
    ...(accept ? ['--accept', accept] : [])], { input });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
}

const rows = [[0.5, -1.25], [-2, 0.75], [0, 0]];
const asCsv = rows.map((row) => row.join(',')).join('\n') + '\n';
const asJson = JSON.stringify({ instances: rows.map((features) => ({ features })) });
const asLines = rows.map((features) => JSON.stringify({ data: { features: { values: features } } })).join('\n') + '\n';
const asLibsvm = rows.map((row) => row.map((v, i) => `${i}:${v}`).join(' ')).join('\n') + '\n';

for (const algorithm of Object.keys(problems)) {
  test(`${algorithm}: a saved model answers every content type alike`, () => {
    const { dir, end } = trained(algorithm);
    assert.equal(end.model, dir);
    const expected = JSON.parse(predicted(dir, asJson, 'application/json', 'application/json')).predictions;
    assert.equal(expected.length, rows.length);
    for (const { score } of expected) assert.ok(score > 0 && score < 1, `${score} is no probability`);
    if (algorithm === 'linear-learner') for (const p of expected) assert.ok([0, 1].includes(p.predicted_label));
    for (const [type, body] of [['text/csv', asCsv], ['application/jsonlines', asLines]])
      assert.deepEqual(JSON.parse(predicted(dir, body, type, 'application/json')).predictions, expected, type);
    const lines = predicted(dir, asCsv, 'text/csv', 'application/jsonlines').trim().split('\n');
    assert.deepEqual(lines.map((line) => JSON.parse(line)), expected);
    const csv = predicted(dir, asCsv, 'text/csv', 'text/csv').trim().split('\n');
    csv.forEach((line, i) => assert.equal(Math.fround(Number(line.split(',')[0])), Math.fround(expected[i].score)));
    const frames = spawnSync(engine, ['predict', '--model', dir, '--input', '-', '--content-type', 'text/csv', '--accept',
      'application/x-recordio-protobuf'], { input: asCsv }).stdout;
    assert.equal(frames.readUInt32LE(0), 0xced7230a);
    if (algorithm === 'xgboost')
      assert.deepEqual(JSON.parse(predicted(dir, asLibsvm, 'text/libsvm', 'application/json')).predictions, expected);
  });

  test(`${algorithm}: a request that makes no sense gets a sentence and no answer`, () => {
    const { dir } = trained(algorithm);
    for (const [body, type] of [['1,2,3\n', 'text/csv'], ['a,b\n', 'text/csv'], ['{"instances":[{}]}', 'application/json'],
      ['{"instances":', 'application/json'], ['\u0001\u0002', 'application/x-recordio-protobuf'], ['1,2', 'image/png']]) {
      const result = run(['predict', '--model', dir, '--input', '-', '--content-type', type], { input: body });
      assert.equal(result.status, 1, `${type} ${body}: ${result.stdout}`);
      assert.equal(result.stdout, '');
      assert.ok(JSON.parse(result.stderr).what.length > 10);
    }
    const result = run(['predict', '--model', dir, '--input', '-', '--accept', 'image/png'], { input: asCsv });
    assert.equal(result.status, 1);
  });

  test(`${algorithm}: a model that is cut short, empty or of another algorithm is refused`, () => {
    const { dir } = trained(algorithm);
    const file = join(dir, algorithm === 'xgboost' ? 'xgboost-model' : 'linear-learner.json');
    const ask = () => run(['predict', '--model', dir, '--input', '-'], { input: asCsv });
    const bytes = readFileSync(file);
    for (const length of [0, 1, bytes.length >> 1, bytes.length - 2]) {
      truncateSync(file, length);
      assert.equal(ask().status, 1, `cut at ${length}`);
      writeFileSync(file, bytes);
    }
    assert.equal(ask().status, 0);
    const description = readFileSync(join(dir, 'model.json'), 'utf8');
    writeFileSync(join(dir, 'model.json'), description.replace(algorithm,
      algorithm === 'xgboost' ? 'linear-learner' : 'xgboost'));
    assert.equal(ask().status, 1);
  });

  test(`${algorithm}: ranks as threads and as processes make the model that one makes`, () => {
    const one = trained(algorithm);
    const answer = JSON.parse(predicted(one.dir, asCsv, 'text/csv', 'application/json')).predictions;
    for (const spread of ['threads', 'processes'])
      for (const ranks of [2, 3]) {
        const many = trained(algorithm, '--ranks', String(ranks), '--spread', spread);
        const other = JSON.parse(predicted(many.dir, asCsv, 'text/csv', 'application/json')).predictions;
        other.forEach(({ score }, i) => assert.ok(Math.abs(score - answer[i].score) < 1e-4,
          `${ranks} ${spread}: ${score} instead of ${answer[i].score}`));
        assert.ok(many.end.exchanged_bytes > 0);
        for (const name of Object.keys(one.end.metrics))
          assert.ok(Math.abs(many.end.metrics[name] - one.end.metrics[name]) < 2e-3, `${ranks} ${spread}: ${name}`);
      }
  });

  test(`${algorithm}: four ranks under mpirun do too`, (t) => {
    if (spawnSync('mpirun', ['--version']).status !== 0) return t.skip('mpirun is not installed');
    if (!existsSync(join(build, 'flashlab-mpi.so'))) return t.skip('the programs were built without MPI');
    const one = trained(algorithm), dir = join(work, `${algorithm}-mpi`);
    const result = spawnSync('mpirun', ['-n', '4', '--allow-run-as-root', '--oversubscribe', engine, 'train', '--algorithm',
      algorithm, '--generate', 'gauss2:n=600,noise=0.5', '--model', dir, ...set(problems[algorithm])],
    { encoding: 'utf8', env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' } });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    const end = events(result).at(-1);
    assert.equal(events(result).filter((e) => e.event === 'end').length, 1, 'rank 0 alone speaks');
    for (const name of Object.keys(one.end.metrics))
      assert.ok(Math.abs(end.metrics[name] - one.end.metrics[name]) < 2e-3, name);
  });
}

const freePort = () => new Promise((done) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});

async function served(args, ask) {
  const port = await freePort();
  const child = spawn(engine, ['serve', ...args, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text) => { said += text; });
  const ended = new Promise((done) => child.once('exit', (code, signal) => done(code ?? signal)));
  const url = `http://127.0.0.1:${port}`;
  try {
    for (let i = 0; ; i++) {
      const up = await fetch(`${url}/ping`).then((r) => r.status === 200, () => false);
      if (up) break;
      assert.ok(i < 1200, 'it does not answer');
      await new Promise((done) => setTimeout(done, 50));
    }
    await ask(url);
  } finally {
    child.kill('SIGTERM');
  }
  assert.equal(await ended, 0, said);
}

test('serve answers /ping and /invocations as the service does', async () => {
  const { dir } = trained('xgboost');
  await served(['--model', dir], async (url) => {
    const post = (body, headers) => fetch(`${url}/invocations`, { method: 'POST', body, headers });
    const reply = await post(asCsv, { 'Content-Type': 'text/csv', Accept: 'application/json' });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('content-type'), 'application/json');
    assert.deepEqual(await reply.json(), JSON.parse(predicted(dir, asCsv, 'text/csv', 'application/json')));
    const wrong = await post('1,2,3', { 'Content-Type': 'text/csv' });
    assert.equal(wrong.status, 400);
    assert.ok((await wrong.json()).error.what);
    assert.equal((await fetch(`${url}/invocations`)).status, 405);
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
    assert.equal((await (await fetch(`${url}/execution-parameters`)).json()).BatchStrategy, 'MULTI_RECORD');
    const many = await Promise.all(Array.from({ length: 20 }, () => post(asCsv, { 'Content-Type': 'text/csv' })));
    assert.ok(many.every((r) => r.status === 200));
  });
});

function serviceFolder(name, { hyperparameters, mode = 'File', type = 'text/csv' }) {
  const root = join(work, name), data = join(root, 'input/data/train'), config = join(root, 'input/config');
  mkdirSync(data, { recursive: true });
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'hyperparameters.json'), JSON.stringify(hyperparameters));
  writeFileSync(join(config, 'inputdataconfig.json'), JSON.stringify({ train: { ContentType: type, TrainingInputMode: mode } }));
  for (let part = 0; part < 2; part++)
    writeFileSync(join(data, `part-${part}.csv`), Array.from({ length: 100 }, (_, i) => `${i % 2},${(i % 2) - 0.5},${i % 7}`).join('\n'));
  return root;
}

test("the service's folders: settings and channels are found, the model and failures are left there", async () => {
  const root = serviceFolder('root', { hyperparameters: { objective: 'binary:logistic', num_round: '5', eta: 0.5 } });
  const result = run(['train', '--algorithm', 'xgboost', '--root', root]);
  assert.equal(result.status, 0, result.stdout);
  const [start] = events(result);
  assert.equal(start.hyperparameters.eta, '0.5');
  assert.equal(start.data.rows, 200);
  assert.ok(statSync(join(root, 'model/xgboost-model')).size > 100);
  assert.ok(!existsSync(join(root, 'output/failure')));
  await served(['--root', root], async (url) => {
    const reply = await fetch(`${url}/invocations`, { method: 'POST', body: '0.5,3\n', headers: { 'Content-Type': 'text/csv' } });
    assert.ok(Number(await reply.text()) > 0.5);
  });
  const failed = run(['train', '--algorithm', 'xgboost', '--root', root, '--set', 'objective=none']);
  assert.equal(failed.status, 1);
  assert.match(readFileSync(join(root, 'output/failure'), 'utf8'), /objective/);
});

test('an earlier model stays until there is a new one, and is then replaced whole, also by a confined trainer', () => {
  const { dir } = trained('xgboost', '--set', 'num_round=40');
  const before = predicted(dir, asCsv, 'text/csv'), file = join(dir, 'xgboost-model'), size = statSync(file).size;
  const again = (...more) => run(['train', '--algorithm', 'xgboost', '--model', dir, ...set(problems.xgboost), ...more]);
  assert.equal(again('--train', join(work, 'nothing.csv')).status, 1);
  assert.equal(predicted(dir, asCsv, 'text/csv'), before);
  const small = again('--generate', 'gauss2:n=600,noise=0.5', '--set', 'num_round=2', '--confine', '60:1024');
  assert.equal(small.status, 0, small.stdout);
  assert.ok(statSync(file).size < size / 2);
  assert.notEqual(predicted(dir, asCsv, 'text/csv'), before);
});

test('what cannot be saved, streamed or spread is refused before training', () => {
  const base = ['train', '--algorithm', 'xgboost', '--generate', 'gauss2:n=100', ...set(problems.xgboost)];
  const refused = (more, pattern) => {
    const result = run([...base, ...more]);
    assert.equal(result.status, 1, result.stdout);
    const { event, what, where, fix } = events(result).at(-1);
    assert.equal(event, 'error');
    assert.match(`${what} ${where} ${fix}`, pattern);
  };
  writeFileSync(join(work, 'file'), '');
  refused(['--model', join(work, 'file')], /cannot be saved/);
  refused(['--model', join(work, 'no/such/folder')], /cannot be saved/);
  refused(['--mode', 'Pipe'], /Pipe/);
  refused(['--mode', 'Tape'], /File or Pipe/);
  refused(['--spread', 'mpi'], /mpirun/);
  refused(['--spread', 'pigeons', '--ranks', '2'], /pigeons/);
  assert.equal(run(['predict', '--model', join(work, 'nothing'), '--input', '-'], { input: '' }).status, 1);
  assert.equal(run(['predict', '--input', '-'], { input: '' }).status, 1);
});
