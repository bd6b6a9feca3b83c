// Object Detection beside the peer in PyTorch, on real images of blood cells: the same network, default boxes, batch and
// epochs, in turns. Images a second while training, mirror images only, as the peer does; mAP at 0.5 on the test part
// after 40 epochs over three seeds, with our own augmentation and steps of the learning rate where the peer has a cosine;
// peak memory of the process; and the time to one answer of a new process, which loads the model and looks at an image.
// REPEATS=3, ROWS=speed,mAP,first choose less; needs the data and the peers' scripts (FLASHLAB_SHARED, default
// ../shared). The mAP takes about four minutes a seed.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { median, printTable, range } from './table.mjs';

const engine = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');
const shared = process.env.FLASHLAB_SHARED ?? '../shared', data = path.join(shared, 'data/bccd');
const repeats = Number(process.env.REPEATS ?? 3), asked = (process.env.ROWS ?? 'speed,mAP,first').split(',');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

if (!fs.existsSync(path.join(shared, 'peers/ssd.py')) || !fs.existsSync(data)) {
  console.log('Object Detection: left out, the data and the peers are not there (FLASHLAB_SHARED)');
  process.exit(0);
}

const MIRROR = { flip: true, rescale: false, jitter: false, crop: false };
const ALL = { flip: true, rescale: true, jitter: true, crop: false, learning_rate: 0.002, lr_scheduler_step: '24, 34', lr_scheduler_factor: 0.25 };

function ours(epochs, threads, seed, more, test, model) {
  const settings = { num_classes: 3, num_training_samples: 205, image_shape: 160, width: 16, mini_batch_size: 16, optimizer: 'adam', learning_rate: 0.001,
    use_pretrained_model: 0, epochs, ...more };
  const part = (flag, name) => [`--${flag}`, path.join(data, name), `--${flag}-annotation`, path.join(data, `${name}_annotation`)];
  const result = spawnSync(engine, ['train', '--algorithm', 'object-detection', '--content-type', 'image/jpeg', ...part('train', 'train'),
    ...(test ? part('validation', 'test') : []), ...(model ? ['--model', model] : []), '--threads', threads, '--seed', seed,
    ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const events = result.stdout.trim().split('\n').map((line) => JSON.parse(line)), end = events.at(-1);
  if (result.status !== 0) throw new Error(JSON.stringify(end));
  // The last epoch's mAP, not the best one: the test part chooses nothing.
  const maps = events.filter((e) => e.event === 'metric' && e.name === 'validation:mAP').map((e) => e.value);
  return { speed: end.rows_per_second, mb: end.peak_memory_bytes / 2 ** 20, map: maps.at(-1) };
}

function theirs(epochs, threads, seed) {
  const { examples_per_s, metrics, peak_rss_mb } = JSON.parse(execFileSync('/usr/bin/python3', [path.join(shared, 'peers/ssd.py'), '--data', data, '--epochs', epochs,
    '--threads', threads, '--seed', seed], { encoding: 'utf8' }));
  return { speed: examples_per_s, mb: peak_rss_mb, map: metrics.map_50 };
}

function speedRows() {
  const counts = os.cpus().length > 1 ? [1, 2] : [1], runs = {};
  for (let i = 0; i < repeats; i++)
    for (const threads of counts) {
      (runs[`ours ${threads}`] ??= []).push(ours(4, threads, 1 + i, MIRROR));
      (runs[`theirs ${threads}`] ??= []).push(theirs(4, threads, 1 + i));
    }
  const speed = (name) => runs[name].map((r) => r.speed), mb = (name) => median(runs[name].map((r) => r.mb));
  const better = Math.max(...counts.map((threads) => median(speed(`theirs ${threads}`))));
  return counts.map((threads) => [`images/s, ${threads} thread${threads > 1 ? 's' : ''}`, range(speed(`ours ${threads}`), 0), range(speed(`theirs ${threads}`), 0),
    `${(median(speed(`ours ${threads}`)) / better).toFixed(2)} of the better (asked 1.3)`, `${mb(`ours ${threads}`).toFixed(0)} / ${mb(`theirs ${threads}`).toFixed(0)}`]);
}

function qualityRow() {
  const threads = Math.min(os.cpus().length, 2), seeds = Array.from({ length: repeats }, (_, i) => i + 1);
  const pairs = seeds.map((seed) => [ours(40, threads, seed, ALL, true), theirs(40, threads, seed)]);
  const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side].map));
  return ['mAP at 0.5, 40 epochs', range(we, 3), range(they, 3), `${(median(we) - median(they)).toFixed(3)} more (asked 0)`,
    `${median(pairs.map(([a]) => a.mb)).toFixed(0)} / ${median(pairs.map(([, b]) => b.mb)).toFixed(0)}`];
}

function seconds(command, args) {
  const started = process.hrtime.bigint(), result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(result.stderr);
  return Number(process.hrtime.bigint() - started) / 1e9;
}

function firstRow() {
  const model = path.join(work, 'model'), weights = path.join(work, 'weights'), image = path.join(data, 'test/BloodImage_00007.jpg');
  const script = new URL('ssd_first.py', import.meta.url).pathname;
  ours(1, 1, 1, MIRROR, false, model);
  execFileSync('/usr/bin/python3', [script, 'save', weights]);
  const pairs = Array.from({ length: Math.max(repeats, 5) }, () => [
    seconds(engine, ['predict', '--model', model, '--input', image, '--content-type', 'image/jpeg']), seconds('/usr/bin/python3', [script, image, weights])]);
  const [we, they] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
  return ['load and one answer, s', range(we, 3), range(they, 3), `${median(pairs.map(([a, b]) => a / b)).toFixed(3)} of the time (asked 0.1)`, ''];
}

const rows = [...(asked.includes('speed') ? speedRows() : []), ...(asked.includes('mAP') ? [qualityRow()] : []), ...(asked.includes('first') ? [firstRow()] : [])];
printTable('Object Detection, bccd at 160 pixels, width 16, batch 16: ours beside PyTorch', ['what', 'ours', 'theirs', 'ratio', 'peak MB'], rows);
