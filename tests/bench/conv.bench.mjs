// The convolutions of a small detector at the shapes of its layers, 16 images: the share of what the processor's fused
// multiply-adds can do (measured in the same run) that each way reaches, and PyTorch's time over ours. Operations are
// counted as the plain formula has them: at stride 1 fewer are done (engine/tensor/cpu_winograd.h), so a share may be above
// 100 %. At one thread processor time, at two wall time, the least of REPEATS (20) rounds.
import { execFileSync, spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { printTable } from './table.mjs';

const driver = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'tests/bench/conv');
const python = '/usr/bin/python3', repeats = process.env.REPEATS ?? 20;
const peer = fileURLToPath(new URL('./conv_torch.py', import.meta.url));
execFileSync('make', ['-s', driver], { stdio: ['ignore', 'ignore', 'inherit'] });
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0;
if (!hasTorch) console.log('without PyTorch: /usr/bin/python3 has no torch (Debian: python3-torch)\n');

const lines = (program, args) =>
  execFileSync(program, args.map(String), { encoding: 'utf8', maxBuffer: 1 << 20 }).trim().split('\n').map((line) => line.split('\t'));
const sum = (values) => values.reduce((a, b) => a + b, 0);

for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
  const [[roof], ...layers] = lines(driver, [threads, repeats]);
  const shapes = layers.map(([name]) => name.match(/\d+/g)).map(([size, , channels, out, stride]) => [size, channels, out, stride].join());
  const theirs = hasTorch ? lines(python, [peer, threads, repeats, ...shapes]) : [];
  const cell = (operations, microseconds, other) => {
    const rate = (1e6 * operations) / microseconds;
    return `${rate.toFixed(0)} (${Math.round((100 * rate) / roof)} %)${other ? ` ${(other / microseconds).toFixed(1)}x` : ''}`;
  };
  const all = { operations: 0, ours: 0, theirs: 0 };
  const rows = layers.map(([name, ...figures], i) => {
    const [operations, ...ours] = figures.map(Number), other = (theirs[i] ?? []).map(Number);
    const ways = i === 0 ? 2 : 3; // nothing flows into the pictures
    all.operations += ways * operations;
    all.ours += sum(ours.slice(0, ways));
    all.theirs += sum(other.slice(0, ways));
    return [name, operations.toFixed(3), ...ours.map((one, way) => cell(operations, one, other[way]))];
  });
  rows.push(['all that a step of training needs', all.operations.toFixed(3), cell(all.operations, all.ours, all.theirs), '', '']);
  printTable(
    `Convolutions 3x3, ${threads} thread${threads > 1 ? 's' : ''}: GFLOP/s, the share of the roof of ${roof} (asked 50 %), PyTorch's time over ours`,
    ['layer', 'GFLOP', 'forward', 'slopes of weights', 'slopes of the image'],
    rows,
  );
  console.log();
}
