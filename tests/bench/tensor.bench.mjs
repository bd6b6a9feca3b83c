// The tensor operations at the sizes of DeepAR, Seq2Seq and Object2Vec, forward and back, beside OpenBLAS's time for their
// products alone, which is the roof of matrix work: at one thread processor time, at two wall time, the least of REPEATS
// (20) in turns. "share" is OpenBLAS's time over ours, in which everything that is no product counts as ours.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { printTable } from './table.mjs';

const driver = path.join(process.env.FLASHLAB_BUILD ?? 'build', 'tests/bench/tensor');
execFileSync('make', ['-s', driver], { stdio: ['ignore', 'ignore', 'inherit'] });

for (const threads of os.cpus().length > 1 ? [1, 2] : [1]) {
  const text = execFileSync(driver, [threads, process.env.REPEATS ?? 20], { encoding: 'utf8' });
  const rows = text.trim().split('\n').map((line) => {
    const [name, ours, products] = line.split('\t');
    return [name, ours, Number(products) ? products : '', Number(products) ? `${Math.round((100 * products) / ours)} % (asked 60)` : ''];
  });
  printTable(`Tensor operations, ${threads} thread${threads > 1 ? 's' : ''}: microseconds forward and back`, ['operation', 'ours', 'its products by OpenBLAS', 'share'], rows);
  console.log();
}
