// Files into dense rows on one thread: CSV beside pandas' C reader, RecordIO-protobuf beside a plain copy of its bytes.
// JSON Lines of series and pairs, as they are packed by gzip, beside Python's json.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { range, printTable } from './table.mjs';

const BUILD = process.env.FLASHLAB_BUILD ?? 'build';
const data = path.join(process.env.FLASHLAB_SHARED ?? '../shared', 'data');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
const driver = `${BUILD}/tests/bench/formats`;
const TURNS = 5;

function run(program, args) {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}${result.stdout}`);
  return result.stdout;
}

const seconds = (...args) => Number(run(driver, args).split(' ')[0]);
const pandas = (file) => Number(run('/usr/bin/python3', ['-c', `
import sys, time, numpy, pandas
started = time.perf_counter()
pandas.read_csv(sys.argv[1], header=None, dtype=numpy.float32)
print(time.perf_counter() - started)`, file]));

const pythonJson = (file) => Number(run('/usr/bin/python3', ['-c', `
import gzip, json, sys, time
def read():
    started = time.process_time()
    rows = [json.loads(line) for line in gzip.open(sys.argv[1])]
    return time.process_time() - started
print(min(read() for _ in range(3)))`, file]));

// The first 10,000 digits, label first.
function mnistCsv() {
  const pixels = zlib.gunzipSync(fs.readFileSync(path.join(data, 'mnist/train-images-idx3-ubyte.gz'))).subarray(16);
  const labels = zlib.gunzipSync(fs.readFileSync(path.join(data, 'mnist/train-labels-idx1-ubyte.gz'))).subarray(8);
  return Array.from({ length: 10000 }, (_, i) => `${labels[i]},${pixels.subarray(784 * i, 784 * (i + 1)).join(',')}\n`).join('');
}

const sources = {
  brfss_diabetes: () => zlib.gunzipSync(fs.readFileSync(path.join(data, 'brfss_diabetes/train.csv.gz'))),
  sgemm: () => zlib.gunzipSync(fs.readFileSync(path.join(data, 'sgemm/train.csv.gz'))),
  mnist: mnistCsv,
};

run('make', ['-s', driver]);
const csvRows = [], recordRows = [];
for (const [name, make] of Object.entries(sources)) {
  const csv = path.join(work, `${name}.csv`), records = path.join(work, `${name}.pbr`);
  fs.writeFileSync(csv, make());
  run(`${BUILD}/flashlab-engine`, ['convert', csv, records]);
  const mb = (file) => fs.statSync(file).size / 1e6;
  const speeds = { csv: [], pandas: [], records: [], copy: [], again: [] };
  for (let turn = 0; turn < TURNS; turn++) {
    speeds.csv.push(mb(csv) / seconds('read', csv));
    speeds.pandas.push(mb(csv) / pandas(csv));
    speeds.records.push(mb(records) / seconds('read', records));
    speeds.copy.push(mb(records) / seconds('copy', records));
    speeds.again.push(mb(records) / seconds('again', records));
  }
  const ratios = (a, b) => range(speeds[a].map((value, i) => value / speeds[b][i]), 2);
  csvRows.push([name, mb(csv).toFixed(1), range(speeds.csv, 0), range(speeds.pandas, 0), ratios('csv', 'pandas')]);
  recordRows.push([name, mb(records).toFixed(1), range(speeds.records, 0), range(speeds.copy, 0), ratios('records', 'copy'),
    range(speeds.again, 0), ratios('records', 'again')]);
}
fs.rmSync(work, { recursive: true });

const lineRows = [['series', 'm4_hourly'], ['series', 'm4_weekly'], ['pairs', 'movielens100k'], ['pairs', 'stsb']].map(([kind, name]) => {
  const file = path.join(data, name, 'train.jsonl.gz'), mb = zlib.gunzipSync(fs.readFileSync(file)).length / 1e6;
  const ours = [], python = [];
  for (let turn = 0; turn < TURNS; turn++) {
    ours.push(mb / seconds(kind, file));
    python.push(mb / pythonJson(file));
  }
  return [name, mb.toFixed(1), range(ours, 0), range(python, 0), range(ours.map((value, i) => value / python[i]), 1)];
});

printTable('CSV to dense rows, MB/s (goal 3 times pandas, dream 8)', ['data', 'MB', 'ours', 'pandas', 'ratio'], csvRows);
console.log();
printTable('RecordIO-protobuf to dense rows, MB/s (goal 0.4 of a copy, dream 0.8)',
  ['data', 'MB', 'ours', 'copy to new memory', 'ratio', 'copy to used memory', 'ratio'], recordRows);
console.log();
printTable('JSON Lines packed by gzip to series and pairs, MB of text a second of the processor',
  ['data', 'MB', 'ours', "Python's json", 'ratio'], lineRows);
