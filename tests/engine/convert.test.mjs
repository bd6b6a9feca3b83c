// Converting from outside: every format into every other and back, real data that train to the same scores, refusals.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const data = join(process.env.FLASHLAB_SHARED ?? '../shared', 'data');
const PROTOBUF = 'application/x-recordio-protobuf';

const run = (args, options = {}) => spawnSync(engine, args, { maxBuffer: 1 << 28, ...options });
const last = (result) => JSON.parse(result.stdout.toString().trimEnd().split('\n').at(-1));

function convert(...args) {
  const result = run(['convert', ...args]);
  assert.equal(result.status, 0, result.stdout.toString());
  return last(result);
}

function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'flashlab-'));
  try {
    return work((name) => join(folder, name), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CSV = '1,2.5,0,-3\n0,0,0.1,0\n2,1e-07,3.4028235e+38,0\n';
const MISSING = '1,,0,-3\n0,0,0.1,\n';
const LIBSVM = '1 0:2.5 2:-3\n0:0.25 1:0.1\n-1 0:1e-07 1:0 2:7\n3\n';
// The frames of the reference vectors: dense [1, 2] with label 1; 3 at 5 of 10 with label 0.
const DENSE = Buffer.from('0a23d7ce2c0000000a160a0676616c756573120c120a0a080000803f0000004012120a0676616c756573120812060a040000803f', 'hex');
const SPARSE = Buffer.from('0a23d7ce2e0000000a180a0676616c756573120e120c0a04000040401201051a010a12120a0676616c756573120812060a04000000000000', 'hex');

test('what is written is what the formats say, byte for byte', () => inFolder((at) => {
  writeFileSync(at('dense.csv'), '1,1,2\n1,1,2\n');
  const { t, ...said } = convert(at('dense.csv'), at('dense.pbr'));
  assert.ok(t >= 0);
  assert.deepEqual(said, { event: 'end', status: 'done', rows: 2, columns: 2, bytes_read: 12 });
  assert.deepEqual(readFileSync(at('dense.pbr')), Buffer.concat([DENSE, DENSE]));
  writeFileSync(at('reference.rec'), SPARSE);
  convert(at('reference.rec'), at('again.pbr'));
  assert.deepEqual(readFileSync(at('again.pbr')), SPARSE);
  convert(at('reference.rec'), at('out.svm'));
  assert.equal(readFileSync(at('out.svm'), 'utf8'), '0 5:3 9:0\n', 'the width is kept');
  convert(at('reference.rec'), at('out.csv'));
  assert.equal(readFileSync(at('out.csv'), 'utf8'), '0,0,0,0,0,0,3,0,0,0,0\n');
}));

test('a format through each other one and back is the same bytes', () => inFolder((at) => {
  const round = (text, start, ...path) => {
    writeFileSync(at(start), text);
    const names = [start, ...path, `back-${start}`];
    for (let i = 1; i < names.length; i++) convert(at(names[i - 1]), at(names[i]));
    assert.equal(readFileSync(at(names.at(-1)), 'utf8'), text, names.join(' > '));
  };
  round(CSV, 'a.csv', 'a.pbr');
  round(CSV, 'a.csv', 'a.libsvm');
  round(CSV, 'a.csv', 'a.libsvm', 'a.pbr.gz', 'b.svm.gz');
  round(MISSING, 'a.csv', 'a.recordio');
  round(LIBSVM, 'a.libsvm', 'b.svm');
  round(LIBSVM.replace('0:0.25 ', '0 '), 'a.libsvm', 'a.rec', 'b.rec');
}));

test('types tell what names do not, pipes carry only data, .gz is compressed', () => inFolder((at) => {
  const piped = run(['convert', '-', '-', '--to', PROTOBUF], { input: '1,1,2\n' });
  assert.deepEqual(piped.stdout, DENSE);
  assert.equal(piped.stderr.length, 0);
  const back = run(['convert', '--from', PROTOBUF, '--to=text/csv', '-', '-'], { input: DENSE });
  assert.equal(back.stdout.toString(), '1,1,2\n');
  const wrong = run(['convert', '-', '-', '--to', 'text/csv'], { input: '1,x\n' });
  assert.equal(wrong.status, 1);
  assert.equal(wrong.stdout.length, 0);
  assert.match(JSON.parse(wrong.stderr.toString()).what, /'x' is not a number/);
  writeFileSync(at('a.csv'), CSV);
  convert(at('a.csv'), at('b.csv.gz'));
  assert.equal(gunzipSync(readFileSync(at('b.csv.gz'))).toString(), CSV);
  convert(at('a.csv'), at('a.csv'));
  assert.equal(readFileSync(at('a.csv'), 'utf8'), CSV, 'onto itself');
}));

test('what a format cannot hold is refused, and the file that was there stays', () => inFolder((at, folder) => {
  writeFileSync(at('missing.csv'), MISSING);
  writeFileSync(at('weights.svm'), LIBSVM);
  writeFileSync(at('wide.svm'), '1 2147483646:1\n');
  writeFileSync(at('long.svm'), '1 600000:1\n');
  const kept = ['out.csv', 'out.pbr', 'out.svm'];
  for (const name of kept) writeFileSync(at(name), 'kept');
  const before = readdirSync(folder);
  for (const [input, output, what, where] of [
    ['missing.csv', 'out.svm', /cannot hold a missing value/, /^missing\.csv, row 1$/],
    ['weights.svm', 'out.csv', /cannot hold the weights/, /^weights\.svm, row 2$/],
    ['weights.svm', 'out.pbr', /cannot hold the weight/, /^weights\.svm, row 2$/],
    ['wide.svm', 'out.csv', /2147483647 columns are more/, /^wide\.svm, row 1$/],
    ['long.svm', 'out.csv', /longer than 1 MiB/, /^long\.svm, row 1$/],
    ['missing.csv', 'out', /does not tell which format/, /out$/],
    ['missing.csv', 'no/such/folder/out.csv', /cannot be opened/, /no\/such/],
    ['none.csv', 'out.csv', /cannot be opened/, /none\.csv$/],
  ]) {
    const result = run(['convert', at(input), at(output)]);
    assert.ok([1, 2].includes(result.status), `${input} ${output}`);
    assert.match(last(result).what, what);
    assert.match(last(result).where, where);
    assert.ok(last(result).fix);
  }
  for (const name of kept) assert.equal(readFileSync(at(name), 'utf8'), 'kept');
  assert.deepEqual(readdirSync(folder), before);
  for (const args of [[], ['a.csv'], ['a.csv', 'b.csv', 'c.csv'], ['a.csv', 'b.csv', '--to', 'text/tsv'], ['a.csv', 'b.csv', '--seed', '1']])
    assert.equal(run(['convert', ...args]).status, 1, args.join(' '));
  const full = run(['convert', at('missing.csv'), '/dev/full', '--to', 'text/csv']);
  assert.equal(full.status, 2);
  assert.match(last(full).what, /No space left/);
}));

// The peak memory of a command in MiB, fed with `rows` made rows of 100 cells, and its exit status.
function peak(rows, from, to) {
  const feed = `import sys
row = b"1," + b",".join(b"%d.25" % (i * 7) for i in range(99)) + b"\\n"
for _ in range(${rows} // 100): sys.stdout.buffer.write(row * 100)`;
  const watch = `import resource, subprocess, sys
feed = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
status = subprocess.call(sys.argv[2:], stdin=feed.stdout)
feed.wait()
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)`;
  const result = spawnSync('python3', ['-c', watch, feed, engine, 'convert', '-', '/dev/null', '--from', from, '--to', to],
    { encoding: 'utf8', env: { ...process.env, ASAN_OPTIONS: 'quarantine_size_mb=1' } });
  const [status, size] = result.stdout.trimEnd().split('\n').at(-1).split(' ').map(Number);
  assert.equal(status, 0, result.stdout + result.stderr);
  return size;
}

test('memory does not grow with what is converted', () => {
  for (const to of [PROTOBUF, 'application/jsonlines', 'text/libsvm']) {
    const little = peak(4000, 'text/csv', to), much = peak(to === PROTOBUF ? 200000 : 40000, 'text/csv', to);
    assert.ok(much < little + 16, `${to}: ${little} MiB for 4,000 rows, ${much} MiB for many`);
  }
});

test('a FIFO is read while it is written, and a writer that dies is told', () => inFolder((at) => {
  const pipe = (commands, ...args) => spawnSync('bash', ['-c', `mkfifo ${at('in')}; (${commands}) > ${at('in')} & ` +
    `"$0" convert ${at('in')} "$@"; status=$?; wait; rm ${at('in')}; exit $status`, engine, ...args], { encoding: 'utf8' });
  const slow = pipe('printf "1,2\n3,"; sleep 0.2; printf "4\n5"; sleep 0.1; printf ",6\n"', '-', '--from', 'text/csv', '--to', 'text/csv');
  assert.equal(slow.stdout, '1,2\n3,4\n5,6\n');
  writeFileSync(at('dense.rec'), Buffer.concat([DENSE, DENSE]));
  const died = pipe(`head -c 80 ${at('dense.rec')}`, at('out.csv'), '--from', PROTOBUF);
  assert.equal(died.status, 1);
  assert.match(last({ stdout: died.stdout }).what, /ends inside this record/);
  assert.match(last({ stdout: died.stdout }).where, /in, record 2$/);
  assert.ok(!existsSync(at('out.csv')) && !existsSync(at('out.csv.part')));
}));

test('JSON Lines and weights of CSV through other formats and back', () => inFolder((at) => {
  const lines = '{"features":[1,null,0.1],"label":1}\n{"features":[-3,0,3.4028235e+38],"label":0,"weight":0.5}\n';
  writeFileSync(at('a.jsonl'), lines);
  convert(at('a.jsonl'), at('a.csv'), '--csv-weights');
  assert.equal(readFileSync(at('a.csv'), 'utf8'), '1,1,1,,0.1\n0,0.5,-3,0,3.4028235e+38\n');
  convert('--csv-weights', at('a.csv'), at('b.jsonl.gz'));
  assert.equal(gunzipSync(readFileSync(at('b.jsonl.gz'))).toString(), lines);
  const sparse = '{"data":{"features":{"values":[2.5,-3],"keys":[0,2],"shape":[3]}},"label":1}\n' +
    '{"data":{"features":{"values":[],"keys":[],"shape":[3]}},"label":0}\n';
  writeFileSync(at('s.jsonl'), sparse);
  convert(at('s.jsonl'), at('s.svm'));
  assert.equal(readFileSync(at('s.svm'), 'utf8'), '1 0:2.5 2:-3\n0\n');
  convert(at('s.svm'), at('s.pbr'));
  convert(at('s.pbr'), at('t.jsonl'));
  assert.equal(readFileSync(at('t.jsonl'), 'utf8'), sparse);
  writeFileSync(at('q.svm'), '1 qid:3 0:1\n0 qid:3 1:2\n');
  convert(at('q.svm'), at('r.svm'));
  assert.equal(readFileSync(at('r.svm'), 'utf8'), '1 qid:3 0:1\n0 qid:3 1:2\n');
  const refused = run(['convert', at('q.svm'), at('q.jsonl')]);
  assert.match(last(refused).what, /cannot hold the groups/);
}));

const settings = (type) => ['--set', `predictor_type=${type}`, '--set', 'epochs=2', '--seed', '3'];

function metrics(type, ...args) {
  const result = run(['train', '--algorithm', 'linear-learner', ...args, ...settings(type)]);
  assert.equal(result.status, 0, result.stdout.toString());
  return last(result).metrics;
}

const absent = (name) => !existsSync(join(data, name)) && `${data}/${name} is not there`;
const part = (set, name) => join(data, set, `${name}.csv.gz`);

for (const [set, type] of [['bank_marketing', 'binary_classifier'], ['california_housing', 'regressor']])
  test(`${set} converted trains to the same scores`, { skip: absent(set) }, () => inFolder((at) => {
    for (const name of ['train', 'test']) convert(part(set, name), at(`${name}.pbr`));
    const plain = metrics(type, '--train', part(set, 'train'), '--test', part(set, 'test'));
    assert.ok(Object.keys(plain).length > 1);
    assert.deepEqual(metrics(type, '--train', at('train.pbr'), '--test', at('test.pbr')), plain);
  }));

test('sparse rows train to the scores of the same rows dense; libsvm is not for Linear Learner', { skip: absent('bank_marketing') }, () =>
  inFolder((at) => {
    convert(part('bank_marketing', 'train'), at('train.svm'));
    convert(at('train.svm'), at('train.pbr'));
    assert.deepEqual(metrics('binary_classifier', '--train', at('train.pbr')),
      metrics('binary_classifier', '--train', part('bank_marketing', 'train')));
    const refused = run(['train', '--algorithm', 'linear-learner', '--train', at('train.svm'), ...settings('regressor')]);
    assert.equal(refused.status, 1);
    assert.match(last(refused).what, /does not take data of type text\/libsvm/);
    assert.match(last(refused).fix, /convert turns it into text\/csv or application\/x-recordio-protobuf/);
  }));

test('agaricus, written by others, comes back byte for byte', { skip: absent('agaricus') }, () =>
  inFolder((at) => {
    const original = join(data, 'agaricus', 'agaricus.txt.train.gz');
    convert('--from', 'text/libsvm', original, at('a.pbr'));
    convert(at('a.pbr'), at('a.svm'));
    assert.ok(readFileSync(at('a.svm')).equals(gunzipSync(readFileSync(original))));
  }));
