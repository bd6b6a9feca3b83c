// The convolutions of a small detector at the shapes of its layers, 16 images: the share of what the processor's fused
// multiply-adds can do (measured in the same run) that each way reaches. Operations are counted as the plain formula has
// them: at stride 1 fewer are done (engine/tensor/cpu_winograd.h), so a share may be above 100 %. At one thread processor
// time, at two wall time, the least of REPEATS (20) rounds.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { printTable } from './table.mjs';

const driver = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'tests/bench/conv');
execFileSync('make', ['-s', driver], { stdio: ['ignore', 'ignore', 'inherit'] });

for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
  const [roof, ...lines] = execFileSync(driver, [threads, process.env.REPEATS ?? 20], { encoding: 'utf8' }).trim().split('\n');
  const cell = (operations, microseconds) => {
    const rate = (1e6 * operations) / microseconds;
    return `${rate.toFixed(0)} (${Math.round((100 * rate) / roof)} %)`;
  };
  const all = { operations: 0, microseconds: 0 };
  const rows = lines.map((line, i) => {
    const [name, ...figures] = line.split('\t');
    const [operations, there, byWeights, byImage] = figures.map(Number);
    const needed = i === 0 ? [there, byWeights] : [there, byWeights, byImage]; // nothing flows into the pictures
    all.operations += needed.length * operations;
    all.microseconds += needed.reduce((sum, one) => sum + one);
    return [name, operations.toFixed(3), cell(operations, there), cell(operations, byWeights), cell(operations, byImage)];
  });
  rows.push(['all that a step of training needs', all.operations.toFixed(3), cell(all.operations, all.microseconds), '', '']);
  printTable(
    `Convolutions 3x3, ${threads} thread${threads > 1 ? 's' : ''}: GFLOP/s, and the share of the roof of ${roof} (asked 50 %)`,
    ['layer', 'GFLOP', 'forward', 'slopes of weights', 'slopes of the image'],
    rows,
  );
  console.log();
}
