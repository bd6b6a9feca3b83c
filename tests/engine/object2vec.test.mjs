// Object2Vec from outside: pairs from files, pretrained vectors, scores and embeddings by predict and serve, and what is
// said of data, settings, requests and models that are not right.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';
const work = mkdtempSync(join(tmpdir(), 'flashlab-object2vec-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const set = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const run = (args, options = {}) => spawnSync(engine, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
const events = (result) => result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const small = { enc0_network: 'pooled_embedding', enc0_max_seq_len: 6, enc0_vocab_size: 12, enc0_token_embedding_dim: 4,
  enc_dim: 5, mlp_layers: 1, mlp_dim: 6, mlp_activation: 'tanh', epochs: 2, learning_rate: 0.01 };

// Pairs that are alike when their first tokens are both even or both odd.
const pairs = Array.from({ length: 80 }, (_, i) => ({ label: Number(i % 3 === 0), in0: [i % 10, (i * 7) % 12],
  in1: [(i % 10) ^ Number(i % 3 !== 0), 3, (i * 5) % 12] }));
const lines = (rows) => rows.map((row) => JSON.stringify(row)).join('\n') + '\n';
function file(name, text) {
  const path = join(work, name);
  writeFileSync(path, text);
  return path;
}
const data = file('train.jsonl', lines(pairs));

function train(settings, ...more) {
  return run(['train', '--algorithm', 'object2vec', '--train', data, ...set({ ...small, ...settings }), ...more]);
}

function trained(settings = {}, ...more) {
  const dir = mkdtempSync(join(work, 'model-'));
  const result = train(settings, '--model', dir, ...more);
  assert.equal(result.status, 0, result.stdout + result.stderr);
  return dir;
}

function ask(dir, body, type = 'application/json', more = [], env = {}) {
  return run(['predict', '--model', dir, '--input', '-', '--content-type', type, ...more],
    { input: typeof body === 'string' ? body : JSON.stringify(body), env: { ...process.env, ...env } });
}

function answers(...args) {
  const result = ask(...args);
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout).predictions;
}

test('a run says losses, accuracy and the picture, with validation and test', () => {
  const result = train({ early_stopping_patience: 5 }, '--validation', data, '--test', file('test.jsonl.gz', gzipSync(lines(pairs))));
  assert.equal(result.status, 0, result.stdout);
  const said = events(result), names = new Set(said.filter((e) => e.event === 'metric').map((e) => e.name));
  for (const name of ['train:cross_entropy', 'validation:cross_entropy', 'validation:accuracy', 'test:cross_entropy', 'test:accuracy'])
    assert.ok(names.has(name), `${name} is not among ${[...names]}`);
  const { data: picture } = said.findLast((e) => e.event === 'picture' && e.kind === 'embedding');
  assert.equal(picture.x.length, 80);
  assert.equal(picture.neighbours.length, 80);
  assert.ok(picture.neighbours.every((row, i) => row.length === 5 && !row.includes(i)));
  assert.ok(picture.explained > 0 && picture.explained <= 1.0001);
  assert.equal(picture.group, null);
  assert.deepEqual(picture.tokens[0], pairs[0].in0);
  assert.equal(said.at(-1).status, 'done');
});

test('the best epoch by validation is what is kept', () => {
  const result = train({ epochs: 30, learning_rate: 0.1, early_stopping_patience: 5 }, '--validation', file('other.jsonl', lines(pairs.map((p, i) => ({ ...p, label: i % 2 })))));
  const said = events(result).filter((e) => e.event === 'metric' && e.name === 'validation:cross_entropy').map((e) => e.value);
  assert.ok(said.length >= 5 && said.length < 30 && said.at(-1) > Math.min(...said), `${said}`);
  assert.ok(Math.abs(events(result).at(-1).metrics['validation:cross_entropy'] - Math.min(...said)) < 1e-6);
});

test('a model too large for its file is refused before it trains', () => {
  const result = train({ enc0_vocab_size: 3000000, enc0_token_embedding_dim: 20 }, '--model', join(work, 'large'));
  assert.equal(result.status, 1);
  assert.match(events(result).at(-1).what, /MiB/);
});

test('scores are probabilities, embeddings have enc_dim numbers, JSON Lines answer alike', () => {
  const dir = trained(), asked = pairs.slice(0, 5).map(({ in0, in1 }) => ({ in0, in1 }));
  const scores = answers(dir, { instances: asked });
  assert.equal(scores.length, 5);
  for (const { scores: s } of scores) {
    assert.equal(s.length, 2);
    assert.ok(Math.abs(s[0] + s[1] - 1) < 1e-5 && s[0] > 0 && s[1] > 0);
  }
  const text = ask(dir, lines(asked), 'application/jsonlines').stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(text, scores);
  for (const side of ['in0', 'in1']) {
    const embedded = answers(dir, { instances: asked.map((pair) => ({ [side]: pair[side] })) });
    assert.equal(embedded.length, 5);
    assert.ok(embedded.every(({ embeddings }) => embeddings.length === 5 && embeddings.every(Number.isFinite)));
  }
  assert.deepEqual(answers(dir, { instances: [asked[3]] })[0].scores.map((x) => x.toFixed(5)),
    scores[3].scores.map((x) => x.toFixed(5)));
});

test('regression gives one score', () => {
  const dir = trained({ output_layer: 'mean_squared_error' });
  const [one] = answers(dir, { instances: [{ in0: [1], in1: [2, 3] }] });
  assert.equal(one.scores.length, 1);
});

test('infer_max_seqlens cuts sequences, and enc0_max_seq_len does without it', () => {
  const dir = trained(), vector = (tokens, type) => answers(dir, { instances: [{ in0: tokens }] }, type)[0].embeddings;
  const long = [1, 2, 3, 4, 5, 6, 7, 8];
  assert.deepEqual(vector(long), vector(long.slice(0, 6)));
  assert.deepEqual(vector(long, 'application/json; infer_max_seqlens=2,9'), vector([1, 2]));
  assert.notDeepEqual(vector(long, 'application/json;infer_max_seqlens=8,9'), vector(long));
  for (const bad of ['2', '0,3', 'a,b', '5001,2']) {
    const result = ask(dir, { instances: [{ in0: [1] }] }, `application/json; infer_max_seqlens=${bad}`);
    assert.equal(result.status, 1, bad);
    assert.match(JSON.parse(result.stderr).what, /infer_max_seqlens/);
  }
});

test('INFERENCE_PREFERRED_MODE takes its two words and refuses others', () => {
  const dir = trained(), body = { instances: [{ in0: [1], in1: [2] }] };
  for (const mode of ['embedding', 'classification', ''])
    assert.equal(ask(dir, body, 'application/json', [], { INFERENCE_PREFERRED_MODE: mode }).status, 0);
  const result = ask(dir, body, 'application/json', [], { INFERENCE_PREFERRED_MODE: 'fast' });
  assert.equal(result.status, 1);
  assert.match(JSON.parse(result.stderr).fix, /classification or embedding/);
});

test('requests that make no sense get a sentence', () => {
  const dir = trained();
  for (const [body, says, type] of [
    ['{"instances":[]}', /no instances/], ['', /./], ['{"instances":[{"in0":[1]},{"in0":[1],"in1":[2]}]}', /at once/],
    ['{"instances":[{"in0":[12],"in1":[1]}]}', /in0 holds token 12/], ['{"instances":[{"in1":[99]}]}', /in1 holds token 99/],
    ['{"instances":[{"in0":[],"in1":[1]}]}', /empty/], ['{"instances":[{"in0":[1.5],"in1":[1]}]}', /./],
    ['{"instances":[{"in0":[-1],"in1":[1]}]}', /./], ['{"instances":[{}]}', /neither/], ['{"instances":[{"in0":[1]}', /./],
    ['{"rows":[]}', /./], ['[1]', /./], ['{"instances":[{"in0":[1]}]} x', /follows/], ['1,2', /does not read/, 'text/csv'],
    ['{"in0":[1]} {"in0":[2]}\n', /follows/, 'application/jsonlines'],
  ]) {
    const result = ask(dir, body, type ?? 'application/json');
    assert.equal(result.status, 1, `${body}: ${result.stdout}${result.stderr}`);
    assert.equal(result.stdout, '');
    assert.match(JSON.parse(result.stderr).what, says, body);
  }
});

test('data that cannot be trained on are refused, with file and line or pair', () => {
  for (const [row, settings, says, where] of [
    [{ label: 1, in0: [12], in1: [1] }, {}, /token 12, but enc0_vocab_size is 12/, /pair 81/],
    [{ label: 1, in0: [], in1: [1] }, {}, /empty/, /line 81/],
    [{ label: 2, in0: [1], in1: [1] }, {}, /beyond num_classes = 2/, /pair 81/],
    [{ label: 0.5, in0: [1], in1: [1] }, {}, /no class/, /pair 81/],
    [{ in0: [1], in1: [1] }, {}, /label/, /line 81/],
    [{ label: 1, in0: [1] }, {}, /in1/, /line 81/],
    [{ label: 1, in0: [1.5], in1: [1] }, {}, /./, /line 81/],
    [{ label: 1, in0: [1], in1: [1] }, { enc0_pretrained_embedding_file: 'v.txt', enc0_vocab_file: 'v.json' }, /no such channel/, /./],
  ]) {
    const result = run(['train', '--algorithm', 'object2vec', '--train', file('bad.jsonl', lines([...pairs, row])), ...set({ ...small, ...settings })]);
    const error = events(result).at(-1);
    assert.equal(result.status, 1, JSON.stringify(row) + result.stdout);
    assert.equal(error.event, 'error');
    assert.match(error.what, says);
    assert.match(error.where, where);
    assert.ok(error.fix.length > 5);
  }
  const negative = run(['train', '--algorithm', 'object2vec', '--train', file('zero.jsonl', lines(pairs.map((p) => ({ ...p, label: 0 })))),
    ...set({ ...small, negative_sampling_rate: 2 })]);
  assert.match(events(negative).at(-1).what, /label above 0/);
});

test('all numbers may be dropped out, as in the service', () => {
  const result = run(['train', '--algorithm', 'object2vec', '--train', data, ...set({ ...small, dropout: 1 })]);
  assert.equal(result.status, 0, result.stderr);
});

test('a loss that is no number any more names the step and the setting', () => {
  const result = run(['train', '--algorithm', 'object2vec', '--train', file('large.jsonl', lines(pairs.map((p, i) => ({ ...p, label: i * 1e6 })))),
    ...set({ ...small, output_layer: 'mean_squared_error', mlp_activation: 'linear', optimizer: 'sgd', learning_rate: 1, epochs: 100 })]);
  const error = events(result).at(-1);
  assert.equal(result.status, 1, result.stdout.slice(-500));
  assert.match(error.what, /step \d+/);
  assert.match(error.fix, /learning_rate/);
});

test('pretrained vectors are read, kept or trained on', () => {
  const folder = join(work, 'auxiliary');
  mkdirSync(folder);
  const words = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`w${i}`, i]));
  writeFileSync(join(folder, 'v.json'), JSON.stringify(words));
  writeFileSync(join(folder, 'v.txt'), '13 4\n' + Array.from({ length: 13 }, (_, i) => `w${i} ${i} 0.5 -1e-1 ${i / 8}`).join('\n') + '\n');
  const files = { enc0_pretrained_embedding_file: 'v.txt', enc0_vocab_file: 'v.json', enc_dim: 4 };
  const log = (result) => events(result).filter((e) => e.event === 'log').map((e) => e.text).join('\n');
  const kept = train(files, '--auxiliary', folder);
  assert.equal(kept.status, 0, kept.stdout);
  assert.match(log(kept), /12 of 12 tokens of in0 have a pretrained vector; the whole table is kept/);
  // A frozen table leaves an average as it is: the same linear layer, so equal steps between tokens stay equal.
  const dir = trained(files, '--auxiliary', folder);
  const vector = (token) => answers(dir, { instances: [{ in0: [token] }] })[0].embeddings;
  const [a, b, c] = [2, 3, 4].map(vector);
  a.forEach((x, k) => assert.ok(Math.abs(c[k] - b[k] - (b[k] - x)) < 1e-4));
  assert.doesNotMatch(log(train({ ...files, enc0_freeze_pretrained_embedding: 'False' }, '--auxiliary', folder)), /kept/);
  for (const [name, text, says] of [['v.txt', 'w1 1 2 3\n', /fewer numbers/], ['v.txt', 'w1 1 2 3 x\n', /no number/],
    ['v.txt', 'other 1 2 3 4\n', /No word/], ['v.json', '{"w1": 12}', /has id 12/], ['v.json', '{"w1": 0.5}', /whole/], ['v.json', '[', /no JSON/]]) {
    const bad = mkdtempSync(join(work, 'auxiliary-'));
    for (const each of ['v.txt', 'v.json']) writeFileSync(join(bad, each), each === name ? text : readFileSync(join(folder, each)));
    const result = train(files, '--auxiliary', bad);
    assert.equal(result.status, 1, text);
    assert.match(events(result).at(-1).what, says);
  }
});

test('a model that is cut short, of other settings or of another algorithm is refused', () => {
  const dir = trained(), model = join(dir, 'model_algo-1'), whole = readFileSync(model);
  const refused = (says) => {
    const result = ask(dir, { instances: [{ in0: [1] }] });
    assert.equal(result.status, 1, result.stdout);
    assert.match(JSON.parse(result.stderr).what, says);
  };
  truncateSync(model, Math.floor(statSync(model).size / 2));
  refused(/./);
  writeFileSync(model, '');
  refused(/./);
  writeFileSync(model, whole);
  const description = join(dir, 'model.json'), says = JSON.parse(readFileSync(description));
  writeFileSync(description, JSON.stringify({ ...says, hyperparameters: { ...says.hyperparameters, enc_dim: '6' } }));
  refused(/another network/);
  writeFileSync(description, JSON.stringify({ ...says, hyperparameters: { ...says.hyperparameters, enc_dim: '1e99' } }));
  refused(/enc_dim/);
  writeFileSync(description, JSON.stringify({ ...says, algorithm: 'xgboost' }));
  assert.equal(ask(dir, { instances: [{ in0: [1] }] }).status, 1);
});

test('the same seed gives the same model, another seed another; two ranks learn what one does', () => {
  const bytes = (...more) => readFileSync(join(trained({ dropout: 0.2 }, ...more), 'model_algo-1'));
  assert.ok(bytes('--seed', 5).equals(bytes('--seed', 5)));
  assert.ok(!bytes('--seed', 5).equals(bytes('--seed', 6)));
  const loss = (...more) => events(train({}, '--test', data, ...more)).at(-1).metrics['test:cross_entropy'];
  assert.ok(Math.abs(loss() - loss('--ranks', 2)) < 1e-3);
});

test('serve answers pairs and single objects', async () => {
  const dir = trained();
  const port = await new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => { const { port: p } = probe.address(); probe.close(() => done(p)); });
  });
  const child = spawn(engine, ['serve', '--model', dir, '--listen', `127.0.0.1:${port}`]);
  try {
    const post = (body) => fetch(`http://127.0.0.1:${port}/invocations`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    for (let i = 0; ; i++) {
      try { await fetch(`http://127.0.0.1:${port}/ping`); break; } catch (e) { if (i > 1200) throw e; await new Promise((r) => setTimeout(r, 50)); }
    }
    const replies = await Promise.all(Array.from({ length: 6 }, () => post({ instances: [{ in0: [1], in1: [2] }] }).then((r) => r.text())));
    assert.equal(new Set(replies).size, 1);
    assert.equal(JSON.parse(replies[0]).predictions[0].scores.length, 2);
    const bad = await post({ instances: [{ in0: [77] }] });
    assert.equal(bad.status, 400);
    assert.match((await bad.json()).error.what, /token 77/);
  } finally {
    child.kill();
  }
});

const films = join(shared, 'data/movielens100k/train.jsonl.gz');
test('a folder of the service with real ratings trains to better than the mean', { skip: !existsSync(films) && 'skipped: movielens100k is not there' }, () => {
  const result = run(['train', '--algorithm', 'object2vec', '--train', films, '--test', films.replace('train.jsonl', 'valid.jsonl'), '--threads', 1,
    ...set({ ...small, enc0_max_seq_len: 1, enc0_vocab_size: 944, enc1_vocab_size: 1683, enc0_token_embedding_dim: 8, enc_dim: 8, mlp_dim: 8,
      mini_batch_size: 256, epochs: 1, output_layer: 'mean_squared_error' })]);
  assert.equal(result.status, 0, result.stdout.slice(-300));
  assert.ok(events(result).at(-1).metrics['test:mean_squared_error'] < 1.0);
});
