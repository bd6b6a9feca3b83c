// Object Detection from outside: images with their annotations from folders, incremental training, frozen layers,
// ranks, answers by predict, and what is said of settings, labels, models and requests that are not right.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared';
const work = mkdtempSync(join(tmpdir(), 'flashlab-detection-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const set = (settings) => Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const run = (args, options = {}) => spawnSync(engine, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
const events = (result) => result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const SIDE = 40;

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++)
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]), out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

// An image of one bright square (class 0) or one dark one (class 1) on grey.
function png(i) {
  const size = 12 + (i * 5) % 9, left = (i * 7) % (SIDE - size), top = (i * 11) % (SIDE - size), rows = Buffer.alloc(SIDE * (1 + 3 * SIDE), 0);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const inside = x >= left && x < left + size && y >= top && y < top + size;
      rows.fill(inside ? (i % 2 ? 20 : 235) : 110 + ((x * 3 + y * 5 + i) % 30), y * (1 + 3 * SIDE) + 1 + 3 * x, y * (1 + 3 * SIDE) + 4 + 3 * x);
    }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIDE, 0);
  head.writeUInt32BE(SIDE, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return { left, top, size, bytes: Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]) };
}

function folder(name, first, count, classOf = (i) => i % 2, copies = 1) {
  const dir = join(work, name);
  mkdirSync(dir, { recursive: true });
  mkdirSync(`${dir}_annotation`, { recursive: true });
  for (let i = first; i < first + count; i++) {
    const { left, top, size, bytes } = png(i);
    writeFileSync(join(dir, `${i}.png`), bytes);
    writeFileSync(join(`${dir}_annotation`, `${i}.json`), JSON.stringify({ file: `${i}.png`, image_size: [{ width: SIDE, height: SIDE, depth: 3 }],
      annotations: Array.from({ length: copies }, () => ({ class_id: classOf(i), left, top, width: size, height: size })),
      categories: ['bright', 'dark', 'other'].slice(0, Math.max(2, classOf(i) + 1)).map((name, id) => ({ class_id: id, name })) }));
  }
  return dir;
}

const data = folder('train', 0, 24), held = folder('held', 100, 10);
const small = { num_classes: 2, num_training_samples: 24, image_shape: SIDE, width: 4, optimizer: 'adam', learning_rate: 0.01,
  mini_batch_size: 8, epochs: 2, use_pretrained_model: 0 };
const channel = (dir, part = 'train') => [`--${part}`, dir, `--${part}-annotation`, `${dir}_annotation`];
const train = (settings = {}, ...more) => run(['train', '--algorithm', 'object-detection', '--content-type', 'image/png', ...channel(data),
  ...set({ ...small, ...settings }), '--threads', '1', ...more]);

function trained(settings = {}, ...more) {
  const dir = mkdtempSync(join(work, 'model-'));
  const result = train(settings, '--model', dir, ...more);
  assert.equal(result.status, 0, result.stdout + result.stderr);
  return dir;
}

function refused(result, where, what) {
  assert.equal(result.status, 1, result.stdout + result.stderr);
  const error = events(result).at(-1);
  assert.equal(error.event, 'error');
  assert.match(error.where, where);
  assert.match(error.what, what);
  assert.ok(error.fix, JSON.stringify(error));
}

const ask = (dir, body, type = 'image/png', accept = []) => run(['predict', '--model', dir, '--input', '-', '--content-type', type, ...accept], { input: body });

test('the folders of the service: images, annotations and an earlier model, each with its content type', { timeout: 120000 }, () => {
  const root = mkdtempSync(join(work, 'root-')), earlier = trained();
  mkdirSync(join(root, 'input/config'), { recursive: true });
  mkdirSync(join(root, 'input/data'), { recursive: true });
  symlinkSync(data, join(root, 'input/data/train'));
  symlinkSync(`${data}_annotation`, join(root, 'input/data/train_annotation'));
  symlinkSync(earlier, join(root, 'input/data/model'));
  writeFileSync(join(root, 'input/config/hyperparameters.json'), JSON.stringify({ ...small, epochs: '1' }));
  writeFileSync(join(root, 'input/config/inputdataconfig.json'), JSON.stringify({ train: { ContentType: 'image/png' },
    train_annotation: { ContentType: 'image/png' }, model: { ContentType: 'application/x-sagemaker-model' } }));
  const result = run(['train', '--algorithm', 'object-detection', '--root', root, '--threads', '1']), said = events(result);
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.match(said[0].command, /--resume \S+input\/data\/model/);
  assert.ok(existsSync(join(root, 'model/model.json')));
});

test('learns where the objects are, says so epoch by epoch, and answers in the service\'s form', { timeout: 120000 }, () => {
  const dir = mkdtempSync(join(work, 'model-'));
  const result = train({ epochs: 40, width: 8 }, ...channel(held, 'validation'), '--model', dir), said = events(result);
  assert.equal(result.status, 0, result.stdout.slice(-500) + result.stderr);
  const maps = said.filter((e) => e.event === 'metric' && e.name === 'validation:mAP').map((e) => e.value);
  assert.equal(maps.length, 40);
  assert.equal(said.at(-1).metrics['validation:mAP'], Math.max(...maps));
  assert.ok(Math.max(...maps) > 0.5, `${maps}`);
  for (const name of ['train:cross_entropy', 'train:smooth_l1'])
    assert.ok(said.some((e) => e.event === 'metric' && e.name === name && e.value > 0));

  const pictures = said.filter((e) => e.event === 'picture'), of = (kind) => pictures.filter((e) => e.kind === kind);
  assert.equal(of('images').length, 1);
  const images = of('images')[0].data;
  assert.equal(images.channel, 'validation');
  assert.deepEqual(images.classes, ['bright', 'dark']);
  assert.equal(images.images.length, 10);
  assert.deepEqual([...Buffer.from(images.images[0].jpeg, 'base64').subarray(0, 3)], [0xff, 0xd8, 0xff]);
  assert.equal(images.images[0].width, SIDE);
  assert.equal(images.images[0].truth.length, 1);
  assert.equal(of('detections')[0].data.epoch, 0);
  assert.equal(of('detections').at(-1).data.epoch, 40);
  for (const picture of of('detections')) {
    assert.equal(picture.data.images.length, 10);
    assert.ok(picture.data.images.every((found) => found.length <= 40 && found.every((box) => box.length === 6 && box[1] >= 0.05)));
  }
  const { data: curve } = of('precision').at(-1);
  assert.equal(curve.overlap, 0.5);
  for (const one of curve.classes) {
    assert.ok(['bright', 'dark'].includes(one.name) && one.boxes === 5 && one.precision.length === one.recall.length && one.recall.length === one.threshold.length);
    assert.ok(one.threshold.every((t, i) => i === 0 || t <= one.threshold[i - 1]) && one.recall.every((r, i) => r <= 1 && (i === 0 || r >= one.recall[i - 1])));
  }

  const { left, top, size, bytes } = png(104), answer = JSON.parse(ask(dir, bytes).stdout);
  assert.deepEqual(Object.keys(answer), ['prediction']);
  assert.ok(answer.prediction.every((row, i) => row.length === 6 && (i === 0 || row[1] <= answer.prediction[i - 1][1])));
  const [id, score, ...corners] = answer.prediction[0], wanted = [left, top, left + size, top + size].map((v) => v / SIDE);
  assert.equal(id, 0);
  assert.ok(score > 0.2, `${score}`);
  corners.forEach((corner, i) => assert.ok(Math.abs(corner - wanted[i]) < 0.2, `${corners} ${wanted}`));

  const annotated = ask(dir, bytes, 'application/x-image', ['--accept', 'application/json;annotation=1']);
  const { image_size, annotations } = JSON.parse(annotated.stdout);
  assert.deepEqual(image_size, [{ width: SIDE, height: SIDE, depth: 3 }]);
  assert.equal(annotations.length, answer.prediction.length);
  assert.deepEqual(Object.keys(annotations[0]), ['class_id', 'score', 'left', 'top', 'width', 'height']);
  assert.ok(Math.abs(annotations[0].left - corners[0] * SIDE) <= 0.5001);
});

test('the same seed gives the same model, another seed another', () => {
  const bytes = (seed) => readFileSync(join(trained({}, '--seed', seed), 'model_algo_1-0000.params'));
  const first = bytes('3');
  assert.ok(first.equals(bytes('3')));
  assert.ok(!first.equals(bytes('4')));
});

test('goes on from an earlier model, with the heads or without', () => {
  const dir = trained({ epochs: 4 });
  const after = (more = {}) => events(train({ epochs: 1, learning_rate: 1e-6, ...more }, '--resume', dir)).filter((e) => e.name === 'train:cross_entropy').at(-1).value;
  const anew = events(train({ epochs: 1, learning_rate: 1e-6 })).filter((e) => e.name === 'train:cross_entropy').at(-1).value;
  const kept = after(), fresh = after({ reinitialize_top_layer: 'True' });
  assert.ok(kept < 0.9 * anew, `${kept} ${anew}`);
  assert.ok(kept < fresh, `${kept} ${fresh}`);
  refused(train({ num_classes: 3 }, '--resume', dir), /model-/, /has 2 classes, this run 3/);
  refused(train({ base_network: 'resnet-50' }, '--resume', dir), /model-/, /base_network is vgg-16, this run's resnet-50/);
  refused(train({ width: 5 }, '--resume', dir), /model-/, /width is 4, this run's 5/);
  refused(train({}, '--resume', join(work, 'nowhere')), /nowhere/, /./);
  refused(train({ reinitialize_top_layer: 'False' }), /reinitialize_top_layer/, /no earlier model/);
});

test('begins with the shipped base where there is one, and says when there is none', () => {
  const logs = (settings) => events(train({ epochs: 1, use_pretrained_model: 1, ...settings })).filter((e) => e.event === 'log').map((e) => e.text).join('\n');
  assert.match(logs({ width: 8 }), /begins with shipped weights \(pretrained\/vgg-16-width8/);
  assert.match(logs({ width: 4 }), /no shipped weights of vgg-16 at width 4; the base begins at random/);
});

test('frozen layers stay as they are, to the last bit', () => {
  const dir = trained(), file = (model) => readFileSync(join(model, 'model_algo_1-0000.params'));
  const part = (bytes, name) => { // name, rank, sizes, numbers: as nn/parameters writes them
    const at = bytes.indexOf(name) + name.length, rank = bytes.readUInt32LE(at);
    let count = 1;
    for (let i = 0; i < rank; i++)
      count *= Number(bytes.readBigUInt64LE(at + 4 + 8 * i));
    return bytes.subarray(at + 4 + 8 * rank, at + 4 + 8 * rank + 4 * count);
  };
  const frozen = file(trained({ freeze_layer_pattern: '^conv[12]_.*' }, '--resume', dir)), before = file(dir);
  for (const name of ['conv1_1_weight', 'conv1_1_gain', 'conv1_1_mean', 'conv2_1_variance'])
    assert.ok(part(frozen, name).equals(part(before, name)), name);
  for (const name of ['conv3_1_weight', 'conv3_1_mean', 'head1_weight'])
    assert.ok(!part(frozen, name).equals(part(before, name)), name);
  const top = file(trained({ train_only_on_top_layer: 'True' }, '--resume', dir));
  assert.ok(part(top, 'conv5_1_weight').equals(part(before, 'conv5_1_weight')) && !part(top, 'head2_bias').equals(part(before, 'head2_bias')));
});

test('two ranks take each step together', { timeout: 120000 }, () => {
  const result = train({ kv_store: 'dist_sync' }, '--ranks', '2', ...channel(held, 'validation'));
  assert.equal(result.status, 0, result.stdout + result.stderr);
  const end = events(result).at(-1);
  assert.equal(end.status, 'done');
  assert.ok(end.metrics['train:cross_entropy'] > 0 && end.metrics['validation:mAP'] >= 0);
  refused(train({ kv_store: 'dist_async' }), /kv_store/, /every step together/);
});

test('records, from a file or epoch by epoch from a pipe, train the same model as the folder', () => {
  const records = join(work, 'train.rec'), pipe = join(work, 'pipe');
  const packed = run(['convert', '--from', 'application/x-image', data, `${data}_annotation`, records]);
  assert.equal(packed.status, 0, packed.stdout + packed.stderr);
  for (const epoch of [0, 1])
    copyFileSync(records, `${pipe}_${epoch}`);
  const model = (...channels) => {
    const dir = mkdtempSync(join(work, 'model-'));
    const result = run(['train', '--algorithm', 'object-detection', ...channels, ...set(small), '--threads', '1', '--model', dir]);
    assert.equal(result.status, 0, result.stdout + result.stderr);
    return readFileSync(join(dir, 'model_algo_1-0000.params'));
  };
  const type = ['--content-type', 'application/x-recordio'], file = model('--train', records, ...type);
  assert.ok(file.equals(model('--train', pipe, '--mode', 'Pipe', ...type)));
  assert.ok(file.equals(readFileSync(join(trained(), 'model_algo_1-0000.params'))));
  rmSync(`${pipe}_1`);
  refused(run(['train', '--algorithm', 'object-detection', '--train', pipe, '--mode', 'Pipe', ...type, ...set(small)]), /pipe/, /./);
});

test('early stopping watches validation:mAP and needs it', () => {
  const settings = { early_stopping: 'True', early_stopping_min_epochs: 3, early_stopping_patience: 2, epochs: 30, learning_rate: 1e-6 };
  const said = events(train(settings, ...channel(held, 'validation')));
  const epochs = said.filter((e) => e.event === 'metric' && e.name === 'validation:mAP').length;
  assert.ok(epochs >= 3 && epochs < 30, `${epochs}`);
  assert.ok(said.some((e) => e.event === 'log' && /stopped after epoch/.test(e.text)));
  refused(train(settings), /early_stopping/, /no validation images/);
});

test('the learning rate steps and num_training_samples', () => {
  const said = events(train({ num_training_samples: 20, lr_scheduler_step: '1' }));
  assert.ok(said.some((e) => e.event === 'log' && /num_training_samples is 20, but there are 24 training images/.test(e.text)));
  refused(train({ lr_scheduler_step: '2, 1' }), /lr_scheduler_step/, /no list of epochs/);
});

test('labels that do not fit are refused with the image\'s name', () => {
  const with_ = (dir, settings) => run(['train', '--algorithm', 'object-detection', '--content-type', 'image/png', ...channel(dir), ...set({ ...small, ...settings })]);
  refused(with_(folder('third', 0, 3, () => 2), {}), /0\.png|0\.json|third/, /class id 2, but with num_classes = 2/);
  refused(with_(folder('many', 0, 2, () => 1, 4), { label_width: 21 }), /0\.png|0\.json|many/, /4 objects, whose label takes 22 numbers, but label_width is 21/);
  assert.equal(with_(join(work, 'many'), { label_width: 22, epochs: 1 }).status, 0);
});

test('a model that is damaged and a request that is no image are refused', () => {
  const dir = trained(), file = join(dir, 'model_algo_1-0000.params'), whole = readFileSync(file);
  const said = (result) => { assert.equal(result.status, 1, result.stdout); return result.stdout + result.stderr; };
  assert.match(said(ask(dir, 'hello')), /image|JPEG|PNG/i);
  assert.match(said(ask(dir, png(1).bytes.subarray(0, 60))), /short|damaged|end/i);
  assert.match(said(ask(dir, '1,2', 'text/csv')), /does not read 'text\/csv'/);
  assert.match(said(ask(dir, png(1).bytes, 'image/png', ['--accept', 'text/csv'])), /text\/csv/);
  writeFileSync(file, whole.subarray(0, whole.length - 100));
  assert.match(said(ask(dir, png(1).bytes)), /ends before|cut short/);
});

test('blood cells: real images give boxes', { timeout: 300000, skip: existsSync(join(shared, 'data/bccd')) ? false : 'no ../shared/data/bccd' }, () => {
  const at = join(shared, 'data/bccd/validation'), dir = mkdtempSync(join(work, 'model-'));
  const result = run(['train', '--algorithm', 'object-detection', '--content-type', 'image/jpeg', ...channel(at), ...set({ num_classes: 3,
    num_training_samples: 87, image_shape: 64, width: 4, optimizer: 'adam', learning_rate: 0.005, epochs: 3, mini_batch_size: 16 }), '--model', dir]);
  assert.equal(result.status, 0, result.stdout.slice(-500));
  const answer = JSON.parse(ask(dir, readFileSync(join(shared, 'data/bccd/test/BloodImage_00007.jpg')), 'image/jpeg').stdout);
  assert.ok(answer.prediction.length > 3);
  assert.ok(answer.prediction.every(([id, score, left, top, right, bottom]) => id >= 0 && id < 3 && score > 0 && score <= 1 && left < right && top < bottom && left >= 0 && bottom <= 1));
});
