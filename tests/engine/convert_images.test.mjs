// Images and their JSON into MXNet's image records, from outside: against a reader written here from the format's rules;
// and what is refused.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const data = join(process.env.FLASHLAB_SHARED ?? '../shared', 'data', 'bccd');
const golden = 'tests/golden/image';

const run = (...args) => spawnSync(engine, ['convert', ...args], { maxBuffer: 1 << 28 });
const last = (result) => JSON.parse(result.stdout.toString().trimEnd().split('\n').at(-1));

function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'flashlab-'));
  try {
    return work((name) => join(folder, name), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// --- the reader -----------------------------------------------------------------------------------------------------

function* payloadsOf(bytes) {
  let parts = null;
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes.readUInt32LE(at), 0xced7230a);
    const word = bytes.readUInt32LE(at + 4), length = word & 0x1fffffff, flag = word >>> 29;
    const part = bytes.subarray(at + 8, at + 8 + length);
    assert.equal(part.length, length);
    at += 8 + ((length + 3) & ~3);
    if (flag === 0) yield part;
    else if (flag === 1) parts = [part];
    else parts.push(Buffer.from([0x0a, 0x23, 0xd7, 0xce]), part);
    if (flag === 3) yield Buffer.concat(parts);
  }
}

function recordsOf(bytes) {
  return [...payloadsOf(bytes)].map((payload) => {
    const count = payload.readUInt32LE(0), labels = [];
    for (let i = 0; i < count; i++) labels.push(payload.readFloatLE(24 + 4 * i));
    return { id: payload.readBigUInt64LE(8), labels, image: payload.subarray(24 + 4 * count) };
  });
}

const labelsOf = ({ image_size: [{ width, height }], annotations }) => [2, 5, ...annotations.flatMap((a) =>
  [a.class_id, a.left / width, a.top / height, (a.left + a.width) / width, (a.top + a.height) / height])].map(Math.fround);

// --- tests ----------------------------------------------------------------------------------------------------------

const note = (boxes) => ({ image_size: [{ width: 21, height: 13, depth: 3 }], annotations: boxes });
const BOXES = [{ class_id: 2, left: 3, top: 1, width: 7, height: 5 }, { class_id: 0, left: 0, top: 0, width: 21, height: 13 }];

test('a folder of images becomes records', () => inFolder((path) => {
  mkdirSync(path('i'));
  mkdirSync(path('n'));
  copyFileSync(join(golden, 'jpeg_colour.jpg'), path('i/a.jpg'));
  copyFileSync(join(golden, 'png_grey.png'), path('i/b.png'));
  writeFileSync(path('n/a.json'), JSON.stringify(note(BOXES)));
  writeFileSync(path('n/b.json'), JSON.stringify(note([])));
  const result = run('--from', 'application/x-image', path('i'), path('n'), path('out.rec'));
  assert.equal(result.status, 0);
  const end = last(result);
  assert.deepEqual([end.event, end.images, end.boxes, end.classes], ['end', 2, 2, 3]);
  const records = recordsOf(readFileSync(path('out.rec')));
  assert.deepEqual(records.map((r) => r.id), [0n, 1n]);
  assert.deepEqual(records.map((r) => r.labels), [labelsOf(note(BOXES)), [2, 5]]);
  assert.deepEqual(records[0].image, readFileSync(path('i/a.jpg')));
  assert.deepEqual(records[1].image, readFileSync(path('i/b.png')));
  const piped = run('--from', 'application/x-image', path('i'), path('n'), '-');
  assert.deepEqual(piped.stdout, readFileSync(path('out.rec')));
}));

test('what cannot be converted is refused and leaves nothing', () => inFolder((path, folder) => {
  mkdirSync(path('i'));
  copyFileSync(join(golden, 'jpeg_colour.jpg'), path('i/a.jpg'));
  const refused = (words, what, where) => {
    const result = run(...words);
    assert.equal(result.status, 1);
    const error = last(result);
    assert.equal(error.event, 'error');
    assert.match(error.what, what);
    assert.match(error.where, where);
    assert.ok(error.fix);
    assert.deepEqual(readdirSync(folder).filter((name) => name !== 'i'), []);
  };
  refused(['--from', 'image/jpeg', path('i'), path('out.rec')], /Two folders/, /convert/);
  refused(['--from', 'image/jpeg', '--to', 'text/csv', path('i'), path('i'), path('out.rec')], /Two folders/, /convert/);
  refused(['--from', 'image/jpeg', path('i'), path('i'), path('out.rec')], /no annotation/, /a\.jpg/);
  writeFileSync(path('i/a.json'), JSON.stringify(note([{ ...BOXES[0], left: 30 }])));
  refused(['--from', 'image/jpeg', path('i'), path('i'), path('out.rec')], /reaches out of the image/, /a\.json/);
  writeFileSync(path('i/a.json'), JSON.stringify(note(BOXES)));
  refused(['--from', 'image/png', path('i'), path('i'), path('out.rec')], /is a JPEG/, /a\.jpg/);
}));

test('real images', { skip: !existsSync(data) && 'the images of bccd are not here' }, () => inFolder((path) => {
  const folders = [join(data, 'test'), join(data, 'test_annotation')];
  assert.equal(run('--from', 'image/jpeg', ...folders, path('out.rec')).status, 0);
  const records = recordsOf(readFileSync(path('out.rec'))), names = readdirSync(folders[1]).sort();
  assert.equal(records.length, names.length);
  records.forEach(({ labels, image }, i) => {
    const json = JSON.parse(readFileSync(join(folders[1], names[i])));
    assert.deepEqual(labels, labelsOf(json));
    assert.deepEqual(image, readFileSync(join(folders[0], json.file)));
  });
}));
