// Seq2Seq as a program: text becomes records and vocabularies, a run learns from them, the saved model answers in every
// form of the service; what is missing or spoilt is refused.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const work = mkdtempSync(join(tmpdir(), 'flashlab-seq2seq-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const run = (args, options = {}) => spawnSync(engine, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
const events = (result) => result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const set = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const small = { rnn_num_hidden: 48, num_embed_source: 24, num_embed_target: 24, batch_size: 32, learning_rate: 0.005,
  checkpoint_frequency_num_batches: 60, max_num_batches: 240 };

// A language of eight words, and another that says them backwards and in capitals.
const words = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox', 'gnu', 'hen'];
let draw = 1;
const random = (n) => ((draw = (draw * 48271) % 2147483647) >> 8) % n; // Park and Miller's
function corpus(name, count) {
  const lines = Array.from({ length: count }, () => Array.from({ length: 2 + random(4) }, () => words[random(words.length)]));
  const paths = ['source', 'target'].map((side) => join(work, `${name}.${side}`));
  writeFileSync(paths[0], `${lines.map((l) => l.join(' ')).join('\n')}\n`);
  writeFileSync(paths[1], `${lines.map((l) => l.map((w) => w.toUpperCase()).reverse().join(' ')).join('\n')}\n`);
  const result = run(['convert', '--from', 'text/plain', ...paths, join(work, `${name}.rec`), '--vocab', join(work, 'vocab')]);
  assert.equal(result.status, 0, result.stdout);
}
corpus('train', 1200);
corpus('validation', 60);
const channels = ['--train', join(work, 'train.rec'), '--validation', join(work, 'validation.rec'), '--vocab', join(work, 'vocab')];
const model = join(work, 'model');
const train = (args, settings = small) => run(['train', '--algorithm', 'seq2seq', ...args, ...set(settings)]);

test('a run on records learns, tells its metrics and pictures, and saves a model', () => {
  const result = train([...channels, '--model', model], { ...small, bleu_sample_size: -1 });
  assert.equal(result.status, 0, result.stdout);
  const lines = events(result), end = lines.at(-1);
  for (const name of ['train:perplexity', 'validation:perplexity', 'validation:accuracy', 'validation:bleu'])
    assert.ok(lines.some((e) => e.event === 'metric' && e.name === name), name);
  assert.ok(end.metrics['validation:accuracy'] > 0.9, JSON.stringify(end.metrics));
  const rows = lines.filter((e) => e.kind === 'translations').at(-1).data.rows;
  assert.equal(rows.length, 8);
  for (const { source, target } of rows) assert.deepEqual(target, source.map((w) => w.toUpperCase()).reverse());
  const { source, output, weights } = lines.filter((e) => e.kind === 'attention').at(-1).data;
  assert.equal(weights.length, output.length);
  for (const row of weights) {
    assert.equal(row.length, source.length);
    assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-4);
  }
});

const ask = (input, type, accept) => run(['predict', '--model', model, '--input', '-', '--content-type', type,
  ...(accept ? ['--accept', accept] : [])], { input: Buffer.from(input), encoding: 'buffer' });
const answer = (...args) => {
  const result = ask(...args);
  assert.equal(result.status, 0, result.stderr.toString());
  return result.stdout;
};

test('the model answers JSON, with the attention where it is asked for, JSON Lines and records alike', () => {
  const texts = ['cat dog', 'ant bee fox hen', 'gnu elk ant'];
  const json = JSON.parse(answer(JSON.stringify({ instances: texts.map((data, i) => ({ data,
    ...(i === 1 ? { configuration: { attention_matrix: 'true' } } : {}) })) }), 'application/json'));
  const said = json.predictions.map((p) => p.target);
  assert.deepEqual(said, ['DOG CAT', 'HEN FOX BEE ANT', 'ANT ELK GNU']);
  assert.deepEqual(json.predictions.map((p) => p.matrix?.length), [undefined, 4, undefined]);
  for (const row of json.predictions[1].matrix) assert.equal(row.length, 5); // four tokens and </s>
  const lines = answer(texts.map((source) => JSON.stringify({ source })).join('\n'), 'application/jsonlines').toString();
  assert.deepEqual(lines.trim().split('\n').map((l) => JSON.parse(l).target), said);
  const asRecords = join(work, 'ask.rec');
  writeFileSync(join(work, 'ask.source'), `${texts.join('\n')}\n`);
  assert.equal(run(['convert', '--from', 'text/plain', join(work, 'ask.source'), join(work, 'ask.source'), asRecords,
    '--vocab', join(work, 'vocab')]).status, 0);
  const records = readFileSync(asRecords);
  const fromRecords = JSON.parse(answer(records, 'application/x-recordio-protobuf', 'application/json'));
  assert.deepEqual(fromRecords.predictions.map((p) => p.target), said);
  const asked = answer(records, 'application/x-recordio-protobuf');
  assert.equal(asked.readUInt32LE(0), 0xced7230a); // records answer records
  assert.deepEqual(asked, answer(JSON.stringify({ instances: texts.map((data) => ({ data })) }), 'application/json',
    'application/x-recordio-protobuf'));
});

for (const [name, body, type, says] of [
  ['no JSON', '{"instances":', 'application/json', /not JSON/],
  ['no instances', '{"rows":[]}', 'application/json', /no list .*instances/],
  ['an instance without data', '{"instances":[{"data":"cat"},{"source":"cat"}]}', 'application/json', /instance has no text/],
  ['an empty sequence', '{"instances":[{"data":"  "}]}', 'application/json', /sequence is empty/],
  ['a line without source', '{"source":"cat"}\n{"target":"cat"}', 'application/jsonlines', /line has no text/],
  ...[5, { nosuch: 1 }, { attention_matrix: 'maybe' }].map((configuration, i) => [`a configuration that says nothing, ${i}`,
    JSON.stringify({ instances: [{ data: 'cat', configuration }] }), 'application/json', /configuration|neither true nor false/]),
  ['numbers as text', '1,2,3', 'text/csv', /does not read requests/],
  ['damaged records', Buffer.from('no records at all'), 'application/x-recordio-protobuf', /./],
]) test(`a request is refused: ${name}`, () => {
  const result = ask(body, type);
  assert.equal(result.status, 1);
  assert.match(result.stderr.toString(), says);
});

test('words that the model has not seen are asked as <unk>', () => {
  assert.equal(JSON.parse(answer('{"instances":[{"data":"cat zebra"}]}', 'application/json')).predictions.length, 1);
});

for (const [name, args, says] of [
  ['no validation channel', ['--train', join(work, 'train.rec'), '--vocab', join(work, 'vocab')], /validation/],
  ['no vocabularies', channels.slice(0, 4), /vocab/],
  ['a test channel, which the service has not', [...channels, '--test', join(work, 'validation.rec')], /test/],
]) test(`training is refused: ${name}`, () => {
  const result = train(args);
  assert.equal(result.status, 1);
  assert.match(events(result).at(-1).what, says);
});

test('training is refused: gradients cut to nothing', () => {
  const result = train(channels, { ...small, clip_gradient: 0 });
  assert.equal(result.status, 1);
  assert.match(events(result).at(-1).what, /clip_gradient = 0/);
});

test('a training that diverged leaves no model, and names the step and the setting', () => {
  const dir = join(work, 'diverged'), result = train([...channels, '--model', dir], { ...small, learning_rate: 1e30 });
  const error = events(result).at(-1);
  assert.equal(result.status, 1, result.stdout);
  assert.match(error.what, /diverged at step \d+/);
  assert.equal(error.where, 'learning_rate');
  assert.equal(statSync(join(dir, 'model.json')).size, 0);
  const shown = train(channels, { ...small, learning_rate: 1e30 });
  assert.equal(shown.status, 0);
  assert.ok(events(shown).at(-1).metrics.diverged_at_step > 0);
});

test('training is refused: vocabularies that are not those of the records', () => {
  const dir = join(work, 'short-vocab');
  mkdirSync(dir);
  for (const file of ['vocab.src.json', 'vocab.trg.json'])
    writeFileSync(join(dir, file), JSON.stringify({ '<pad>': 0, '<unk>': 1, '<s>': 2, '</s>': 3, ant: 4 }));
  const result = train([...channels.slice(0, 4), '--vocab', dir]);
  assert.equal(result.status, 1);
  assert.match(events(result).at(-1).what, /has only the ids 0 to 4/);
});

test('a run that diverges says at which step and what to set; without a checkpoint there is no model', () => {
  const wild = { ...small, learning_rate: 1e30, optimizer_type: 'sgd', clip_gradient: -1 };
  const ended = train(channels, wild);
  assert.equal(ended.status, 0, ended.stdout);
  assert.ok(events(ended).at(-1).metrics.diverged_at_step > 0);
  assert.ok(events(ended).some((e) => e.event === 'log' && /diverged at step \d+.*learning_rate/.test(e.text)));
  const saved = train([...channels, '--model', join(work, 'none')], wild);
  assert.equal(saved.status, 1);
  assert.match(events(saved).at(-1).what, /no model to save/);
});

const spoilt = (name, change) => {
  const dir = join(work, `model-${name}`);
  cpSync(model, dir, { recursive: true });
  change(dir);
  return run(['predict', '--model', dir, '--input', '-', '--content-type', 'application/json'],
    { input: '{"instances":[{"data":"cat"}]}' });
};
for (const [name, change] of Object.entries({
  'weights-cut': (dir) => truncateSync(join(dir, 'weights.bin'), statSync(join(dir, 'weights.bin')).size >> 1),
  'weights-empty': (dir) => truncateSync(join(dir, 'weights.bin'), 0),
  'no-weights': (dir) => rmSync(join(dir, 'weights.bin')),
  'vocabulary-cut': (dir) => truncateSync(join(dir, 'vocab.trg.json'), 30),
  'another-vocabulary': (dir) => copyFileSync(join(work, 'short-vocab/vocab.trg.json'), join(dir, 'vocab.trg.json')),
  'another-algorithm': (dir) => writeFileSync(join(dir, 'model.json'),
    readFileSync(join(dir, 'model.json'), 'utf8').replace('seq2seq', 'xgboost')),
})) test(`a model is refused: ${name}`, () => {
  const result = spoilt(name, change);
  assert.equal(result.status, 1, result.stdout + result.stderr);
  assert.ok(JSON.parse(result.stderr.trim().split('\n').at(-1)).what.length > 10);
});

const freePort = () => new Promise((done) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});

test('serve answers over HTTP', { timeout: 120_000 }, async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = spawn(engine, ['serve', '--model', model, '--listen', url.slice(7)], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    while (!await fetch(`${url}/ping`).then((r) => r.status === 200, () => false)) await new Promise((done) => setTimeout(done, 50));
    const response = await fetch(`${url}/invocations`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: '{"instances":[{"data":"dog cat"}]}' });
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { predictions: [{ target: 'CAT DOG' }] });
  } finally {
    server.kill();
  }
});
