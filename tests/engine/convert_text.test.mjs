// Parallel text into records and vocabularies, from outside: against an encoder written here from the two formats'
// rules, on made text and on real text; and what is refused.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const data = join(process.env.FLASHLAB_SHARED ?? '../shared', 'data', 'multi30k_en_de');

const run = (...args) => spawnSync(engine, ['convert', '--from', 'text/plain', ...args], { maxBuffer: 1 << 28 });
const last = (result) => JSON.parse(result.stdout.toString().trimEnd().split('\n').at(-1));

function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'flashlab-'));
  try {
    return work((name) => join(folder, name), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// --- what should come out ---------------------------------------------------------------------------------------------

const lines = (text) => text.replace(/\n$/, '').split('\n').map((line) => line.split(/[\s\x1c-\x1f\x85]+/).filter(Boolean));

function vocabularyOf(sentences, most = 50000, least = 1) {
  const counts = new Map();
  for (const word of sentences.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = [...counts].filter(([, n]) => n >= least)
    .sort(([a, n], [b, m]) => m - n || Buffer.compare(Buffer.from(b), Buffer.from(a))).slice(0, most);
  return new Map(['<pad>', '<unk>', '<s>', '</s>', ...words.map(([word]) => word)].map((word, id) => [word, id]));
}

function varint(n) {
  const bytes = [];
  for (; n > 127; n >>>= 7) bytes.push((n & 127) | 128);
  return Buffer.from([...bytes, n]);
}
const field = (tag, bytes) => Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);
const feature = (key, tokens) => field(0x0a, Buffer.concat([field(0x0a, Buffer.from(key)),
  field(0x12, field(0x3a, field(0x0a, Buffer.concat(tokens.map(varint)))))]));
function record(source, target) {
  const payload = Buffer.concat([feature('source', source), feature('target', target)]);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0xced7230a);
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, payload, Buffer.alloc(-payload.length & 3)]);
}
const recordsOf = (a, b, va, vb) => Buffer.concat(a.map((words, i) => [words, b[i]]).filter(([s, t]) => s.length && t.length)
  .map(([s, t]) => record(s.map((w) => va.get(w) ?? 1), t.map((w) => vb.get(w) ?? 1))));

// --- made text --------------------------------------------------------------------------------------------------------

const SOURCE = 'a b a\n\nthe\u00a0b\u3000c\t\r\n  \nx "y" \\z \u{1F600}\ndropped\nlast b';
const TARGET = 'ein bär\nleer\nder bär\n\nx\u2009y\n \nletzte';

test('made text: vocabularies, unknown words, empty sides, blanks of all kinds', () => inFolder((at) => {
  writeFileSync(at('a.txt'), '\ufeff' + SOURCE);
  writeFileSync(at('b.txt.gz'), gzipSync(TARGET));
  const result = run(at('a.txt'), at('b.txt.gz'), at('out.rec'), '--vocab', at('vocab'));
  assert.equal(result.status, 0, result.stdout.toString());
  const [a, b] = [lines(SOURCE), lines(TARGET)];
  const [va, vb] = [vocabularyOf(a), vocabularyOf(b)];
  const { t, bytes_read, ...said } = last(result);
  assert.ok(t >= 0);
  assert.equal(bytes_read, readFileSync(at('a.txt')).length + readFileSync(at('b.txt.gz')).length);
  assert.deepEqual(said, { event: 'end', status: 'done', pairs: 4, dropped: 3,
    source: { words: va.size, unknown: 0, made: true }, target: { words: vb.size, unknown: 0, made: true } });
  assert.deepEqual(JSON.parse(readFileSync(at('vocab/vocab.src.json'))), Object.fromEntries(va));
  assert.deepEqual(JSON.parse(readFileSync(at('vocab/vocab.trg.json'))), Object.fromEntries(vb));
  assert.deepEqual(readFileSync(at('out.rec')), recordsOf(a, b, va, vb));

  // Other text with the same vocabularies, which stay as they are.
  const before = readFileSync(at('vocab/vocab.src.json'));
  writeFileSync(at('c.txt'), 'b new a\nnew\n');
  writeFileSync(at('d.txt'), 'bär\nneu neu\n');
  const again = run(at('c.txt'), at('d.txt'), at('more.rec'), '--vocab', at('vocab'));
  assert.deepEqual(last(again).source, { words: va.size, unknown: 2, made: false });
  assert.deepEqual(readFileSync(at('more.rec')), recordsOf(lines('b new a\nnew'), lines('bär\nneu neu'), va, vb));
  assert.deepEqual(readFileSync(at('vocab/vocab.src.json')), before);
}));

test('--words and --min-count bound a vocabulary that is made', () => inFolder((at) => {
  writeFileSync(at('a.txt'), 'a a a b b c\n');
  for (const [flags, wanted] of [[['--words', '1'], ['a']], [['--min-count', '2'], ['a', 'b']], [['--words=2', '--min-count=3'], ['a']]]) {
    assert.equal(run(at('a.txt'), at('a.txt'), at('out.rec'), '--vocab', at('v'), ...flags).status, 0);
    assert.deepEqual(Object.keys(JSON.parse(readFileSync(at('v/vocab.src.json')))).slice(4), wanted);
    rmSync(at('v'), { recursive: true });
  }
}));

test('records go to standard output, without events', () => inFolder((at) => {
  writeFileSync(at('a.txt'), 'a\n');
  const result = run(at('a.txt'), at('a.txt'), '-', '--vocab', at('v'));
  assert.deepEqual(result.stdout, record([4], [4]));
}));

test('what cannot be done is said, and leaves nothing behind', () => inFolder((at, folder) => {
  const cases = [
    { a: 'x\ny\n', b: 'x\n', what: /b\.txt has|It has 1 lines, .*a\.txt has 2/, where: /b\.txt$/ },
    { a: '\n \n', b: 'x\ny\n', what: /no pair in it of which both sides have words/ },
    { a: '', b: '', what: /no pair/ },
    { a: Buffer.from('ok\n\xff\n', 'latin1'), b: 'x\ny\n', what: /no text in UTF-8/, where: /a\.txt, line 2$/ },
    { a: 'ok\na\0b\n', b: 'x\ny\n', what: /no text in UTF-8/, where: /a\.txt, line 2$/ },
    { a: 'ok\n', b: `${'w '.repeat(5001)}\n`, what: /more than 5,000 words/, where: /b\.txt, line 1$/ },
    { a: 'ok\n', b: 'x\n', vocabulary: '{"<pad>":0}', what: /The word '<unk>' must have the id 1/, where: /vocab\.trg\.json$/ },
  ];
  for (const { a, b, vocabulary, what, where } of cases) {
    writeFileSync(at('a.txt'), a);
    writeFileSync(at('b.txt'), b);
    if (vocabulary) writeFileSync(at('v/vocab.trg.json'), vocabulary);
    const result = run(at('a.txt'), at('b.txt'), at('out.rec'), '--vocab', at('v'));
    assert.equal(result.status, 1, result.stdout.toString());
    const error = last(result);
    assert.equal(error.event, 'error');
    assert.match(error.what, what);
    if (where) assert.match(error.where, where);
    assert.ok(error.fix);
    assert.ok(!existsSync(at('out.rec')));
    assert.deepEqual(existsSync(at('v')) ? readdirSync(at('v')) : [], vocabulary ? ['vocab.trg.json'] : []);
  }
  writeFileSync(at('a.txt'), 'a\n');
  const forms = [[at('a.txt'), at('a.txt'), '--vocab', at('v')], [at('a.txt'), at('a.txt'), at('o.rec')],
    [at('a.txt'), at('a.txt'), at('o.csv'), '--vocab', at('v'), '--to', 'text/csv']];
  for (const form of forms) assert.match(last(run(...form)).fix, /SOURCE\.txt TARGET\.txt OUT\.rec --vocab DIR/);
  assert.match(last(run(at('none.txt'), at('a.txt'), at('o.rec'), '--vocab', at('v'))).where, /none\.txt/);
  assert.match(last(run(at('a.txt'), at('a.txt'), at('o.rec'), '--vocab', join(folder, 'no/such'))).what, /folder cannot be made/);
}));

test('Multi30k: the same bytes as an encoder of the rules', { skip: !existsSync(data) && `${data} is not there` }, () => inFolder((at) => {
  const text = (name) => lines(gunzipSync(readFileSync(join(data, name))).toString());
  const convert = (part, out) => {
    const result = run(join(data, `${part}.en.gz`), join(data, `${part}.de.gz`), out, '--vocab', at('v'));
    assert.equal(result.status, 0, result.stdout.toString());
  };
  convert('train', at('train.rec'));
  convert('val', at('val.rec'));
  const [va, vb] = [vocabularyOf(text('train.en.gz')), vocabularyOf(text('train.de.gz'))];
  assert.deepEqual(JSON.parse(readFileSync(at('v/vocab.src.json'))), Object.fromEntries(va));
  for (const part of ['train', 'val'])
    assert.ok(readFileSync(at(`${part}.rec`)).equals(recordsOf(text(`${part}.en.gz`), text(`${part}.de.gz`), va, vb)), part);
}));
