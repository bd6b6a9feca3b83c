// Word2Vec from outside: runs on made and real text, what is saved and that gensim reads it, evaluation with sets of word
// pairs, ranks, and what is said of settings and data that are not right.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const work = mkdtempSync(join(tmpdir(), 'flashlab-word2vec-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const set = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const run = (args, options = {}) => spawnSync(engine, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
const events = (result) => result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const python = (code, ...args) => spawnSync('/usr/bin/python3', ['-c', code, ...args], { encoding: 'utf8' });
const gensim = python('import gensim').status === 0;

// Colours and animals stand in the same places, never in each other's.
const colours = ['red', 'green', 'blue', 'grün', 'grey'], animals = ['cat', 'dog', 'cow', 'horse', 'hen'];
const line = (i) => (i % 2 ? `the ${colours[i % 5]} paint ${colours[(i * 3) % 5]} dries fast` : `a ${animals[i % 5]} eats ${animals[(i * 7) % 5]} food daily`);
const text = join(work, 'text.txt');
writeFileSync(text, Array.from({ length: 900 }, (_, i) => line(i)).join('\n') + '\n');
const small = { vector_dim: 12, epochs: 8, sampling_threshold: 0, min_count: 1, deterministic: true };

function train(settings, ...more) {
  return run(['train', '--algorithm', 'blazingtext', '--train', text, '--content-type', 'text/plain', ...set({ ...small, ...settings }), ...more]);
}

function trained(settings, ...more) {
  const dir = mkdtempSync(join(work, 'model-')), result = train(settings, '--model', dir, ...more);
  assert.equal(result.status, 0, result.stdout.slice(-2000) + result.stderr);
  return { dir, said: events(result) };
}

function vectors(dir) {
  const [head, ...rows] = readFileSync(join(dir, 'vectors.txt'), 'utf8').trimEnd().split('\n').map((row) => row.trimEnd().split(' '));
  assert.equal(Number(head[0]), rows.length);
  return new Map(rows.map(([word, ...numbers]) => [word, numbers.map(Number)]));
}

const cosine = (a, b) => {
  const dot = (x, y) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const among = (v, words, others) => mean(words.flatMap((a) => others.filter((b) => a !== b).map((b) => cosine(v.get(a), v.get(b)))));

for (const mode of ['skipgram', 'cbow', 'batch_skipgram']) {
  test(`${mode}: words of the same places come near each other`, () => {
    const { dir, said } = trained({ mode }), v = vectors(dir);
    assert.deepEqual([...v.keys()].sort(), [...new Set(readFileSync(text, 'utf8').split(/\s+/).filter(Boolean))].sort());
    assert.ok(among(v, colours, colours) > among(v, colours, animals) + 0.2);
    assert.ok(said.some((e) => e.kind === 'embedding' && e.data.side === 'words' && e.data.name.includes('grün')));
    assert.ok(said.filter((e) => e.name === 'train:loss').length > 5);
    assert.ok(said.some((e) => e.event === 'log' && /no evaluation/.test(e.text)));
    assert.deepEqual(readdirSync(dir).sort(), ['model.json', 'vectors.bin', 'vectors.txt', 'vectors.word2vec.bin']);
  });
}

test('gensim reads what was saved', { skip: !gensim && 'python3-gensim is not there' }, () => {
  const { dir } = trained({ mode: 'skipgram' }), v = vectors(dir);
  const code = `
import sys, json
from gensim.models import KeyedVectors
text = KeyedVectors.load_word2vec_format(sys.argv[1] + '/vectors.txt')
binary = KeyedVectors.load_word2vec_format(sys.argv[1] + '/vectors.word2vec.bin', binary=True)
assert text.index_to_key == binary.index_to_key and abs(text.vectors - binary.vectors).max() == 0
print(json.dumps({"words": text.index_to_key, "red": [float(x) for x in text["red"]], "near": [w for w, _ in text.most_similar("cat", topn=4)]}))`;
  const result = python(code, dir);
  assert.equal(result.status, 0, result.stderr);
  const seen = JSON.parse(result.stdout);
  assert.deepEqual(seen.words, [...v.keys()]);
  v.get('red').forEach((x, i) => assert.ok(Math.abs(x - seen.red[i]) < 1e-6));
  assert.ok(seen.near.filter((word) => animals.includes(word) || ['eats', 'food', 'a', 'daily'].includes(word)).length >= 3, seen.near.join());
});

test('subwords give vectors to words that were never seen', () => {
  const { dir } = trained({ mode: 'cbow', subwords: true, buckets: 5000 });
  const ask = (words) => JSON.parse(run(['predict', '--model', dir, '--input', '-', '--content-type', 'application/json'],
    { input: JSON.stringify({ instances: words }) }).stdout);
  const [known, unknown] = ask(['horse', 'horses']);
  assert.ok(cosine(known.vector, unknown.vector) > 0.5);
  const plain = trained({ mode: 'cbow' }).dir;
  const [, none] = JSON.parse(run(['predict', '--model', plain, '--input', '-', '--content-type', 'application/json'],
    { input: JSON.stringify({ instances: ['horse', 'horses'] }) }).stdout);
  assert.ok(none.vector.every((x) => x === 0));
});

test('sets of word pairs are scored, in eval.json too', () => {
  const sets = join(work, 'sets');
  mkdirSync(sets);
  writeFileSync(join(sets, 'first.csv'), 'Word 1,Word 2,Human (mean)\nred,blue,9\ncat,Dog,8.5\nred,dog,1\ngreen;hen;0.5\nred,unheard,5\n');
  writeFileSync(join(sets, 'second.txt'), 'red\tcat\t9\nblue\tcow\t8\nred\tblue\t1\ncat\tdog\t2\n');
  const { dir, said } = trained({ mode: 'skipgram', evaluation: 'True' }, '--auxiliary', sets), { metrics } = said.at(-1);
  assert.ok(metrics['train:rho_first'] > 0.5 && metrics['train:rho_second'] < 0, JSON.stringify(metrics));
  assert.ok(Math.abs(metrics['train:mean_rho'] - (metrics['train:rho_first'] + metrics['train:rho_second']) / 2) < 1e-9);
  assert.ok(said.some((e) => e.event === 'log' && e.text === 'first: both words of 4 of 5 pairs have vectors'));
  const saved = JSON.parse(readFileSync(join(dir, 'eval.json'), 'utf8'));
  assert.equal(saved.mean_rho, metrics['train:mean_rho']);
  assert.deepEqual(saved.sets.map((s) => [s.name, s.pairs, s.compared]), [['first', 5, 4], ['second', 4, 4]]);
  writeFileSync(join(sets, 'third.txt'), 'no pairs here\n');
  assert.match(events(train({ mode: 'skipgram' }, '--auxiliary', sets)).at(-1).what, /no pairs of words/);
});

test('the same seed gives the same vectors; deterministic with any number of threads', () => {
  const read = (...more) => readFileSync(join(trained({ mode: 'batch_skipgram' }, ...more).dir, 'vectors.txt'), 'utf8');
  const one = read('--threads', '1');
  assert.equal(read('--threads', '2'), one);
  assert.notEqual(read('--seed', '2'), one);
});

test('threads without locks, and ranks, learn the same kind of vectors', () => {
  for (const more of [['--threads', '2'], ['--ranks', '2']]) {
    const v = vectors(trained({ mode: 'batch_skipgram', deterministic: false }, ...more).dir);
    assert.ok(among(v, colours, colours) > among(v, colours, animals) + 0.2);
  }
});

test('a line of any length is one line', () => {
  const long = join(work, 'long.txt');
  writeFileSync(long, readFileSync(text, 'utf8').replaceAll('\n', ' '));
  const result = run(['train', '--algorithm', 'blazingtext', '--train', long, '--content-type', 'text/plain', ...set({ ...small, mode: 'cbow' })]);
  assert.equal(result.status, 0, result.stdout.slice(-500));
});

test('what cannot be is refused with a sentence', () => {
  const refused = (what, settings, ...more) => {
    const result = train(settings, ...more), last = events(result).at(-1);
    assert.equal(result.status, 1, result.stdout.slice(-500));
    assert.match(last.what, what);
    assert.ok(last.fix);
  };
  refused(/needs mode/, {});
  refused(/no subwords/, { mode: 'batch_skipgram', subwords: true });
  refused(/longest 3/, { mode: 'cbow', subwords: true, min_char: 4, max_char: 3 });
  refused(/only batch_skipgram/, { mode: 'skipgram' }, '--ranks', '2');
  refused(/channel train only/, { mode: 'cbow' }, '--validation', text);
  refused(/min_count leaves none/, { mode: 'cbow', min_count: 5000 });
  refused(/every epoch; Pipe/, { mode: 'cbow' }, '--mode', 'Pipe');
  refused(/no model to save/, { mode: 'skipgram', learning_rate: 1e30 }, '--model', join(work, 'none'));
});

test('a run in which down-sampling leaves no neighbours says that nothing was learned', () => {
  const nothing = (settings) => events(train({ mode: 'skipgram', ...settings })).some((e) => e.event === 'log' && /nothing was learned/.test(e.text));
  assert.equal(nothing({ sampling_threshold: 1e-30 }), true);
  assert.equal(nothing({}), false);
});
