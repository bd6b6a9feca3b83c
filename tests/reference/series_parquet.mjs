// Makes tests/golden/series with DuckDB, an independent writer of Parquet:
//
//     npm install --no-save @duckdb/node-api && node tests/reference/series_parquet.mjs tests/golden/series
//
// Beside each NAME.parquet, NAME.jsonl.gz holds the same series as DuckDB reads them back, in the service's JSON form.
import { DuckDBInstance } from '@duckdb/node-api';

const folder = process.argv[2];
const db = await (await DuckDBInstance.create(':memory:')).connect();

// Series of 0 to many values with holes; `length` is SQL of i.
const series = (rows, { start, length, number = 'FLOAT', extra = '' }) => `select
  ${start} as start,
  [case when (i * 31 + k) % 11 = 3 then null else ((i + 1) * 0.37 + k * 1.25)::${number} end for k in range(0, ${length})] as target
  ${extra} from range(${rows}) t(i)`;
const category = ', [(i % 3)::INTEGER, (2147483647 - i)::INTEGER] as cat';
const features = ", [[(i + k * f)::DOUBLE for k in range(0, (i * 7) % 40)] for f in range(0, 3)] as dynamic_feat";
const text = "strftime(timestamp '2019-12-31 22:00:00' + interval (i) hour, '%Y-%m-%d %H:%M:%S')";
const files = {
  text: ['compression snappy', series(40, { start: text, length: '(i * 7) % 40', extra: category + features + ", 'série ' || i as item_id" })],
  // Long rows, several row groups, no dictionary.
  long: ['compression gzip, row_group_size 2048, dictionary_size_limit 1',
    series(2500, { start: "timestamp '1969-12-31 23:59:58' + interval (i) second", length: 'case when i % 1000 = 7 then 3000 else i % 3 end', number: 'DOUBLE' })],
  v2: ['compression zstd, parquet_version v2, dictionary_size_limit 1',
    series(30, { start: text, length: '(i * 7) % 40', number: 'INTEGER', extra: category + features + ', i as item_id' })],
  millis: ['compression uncompressed', series(9, { start: "(timestamp '1750-01-01 01:02:03' + interval (i) day)::TIMESTAMP_MS", length: 'i' })],
  nanos: ['compression snappy', series(9, { start: "(timestamp '1969-07-20 20:17:40' + interval (i) minute)::TIMESTAMP_NS", length: 'i', number: 'BIGINT' })],
  date: ['compression snappy', series(9, { start: "date '0400-02-28' + i::INTEGER", length: '5', number: 'DECIMAL(9,2)', extra: ', [[i % 2 = 0 for k in range(0, 7)]] as dynamic_feat, {a: i, b: [i]} as other' })],
  nan: ['compression snappy', `select date '2024-02-29' as start, ['nan'::DOUBLE, 1, null] as target union all select date '2024-03-01', []`],
};
// What a series cannot be, with the words of the refusal in tests/engine/test_series_parquet.c.
const bad = {
  'no-start': "select [1] as target",
  'no-target': "select date '2024-01-01' as start",
  'start-null': "select date '2024-01-01' as start, [1] as target union all select null, [1]",
  'start-number': "select 7::BIGINT as start, [1] as target",
  'start-text': "select '2024-02-30' as start, [1] as target",
  'start-late': "select date '10000-01-01' as start, [1] as target",
  'target-null': "select date '2024-01-01' as start, null::FLOAT[] as target",
  'target-number': "select date '2024-01-01' as start, 1.0 as target",
  'target-text': "select date '2024-01-01' as start, ['1'] as target",
  'target-lists': "select date '2024-01-01' as start, [[1]] as target",
  'target-structs': "select date '2024-01-01' as start, [{a: 1, b: 2}] as target",
  'target-infinite': "select date '2024-01-01' as start, [1, 'inf'::DOUBLE] as target",
  'cat-negative': "select date '2024-01-01' as start, [1] as target, [-1] as cat",
  'cat-large': "select date '2024-01-01' as start, [1] as target, [2147483648] as cat",
  'cat-hole': "select date '2024-01-01' as start, [1] as target, [1, null] as cat",
  'cat-floats': "select date '2024-01-01' as start, [1] as target, [1.5::DOUBLE] as cat",
  'cat-counts': "select date '2024-01-01' as start, [1] as target, [1, 2] as cat union all select date '2024-01-01', [1], [1]",
  'cat-many': "select date '2024-01-01' as start, [1] as target, range(0, 101) as cat",
  'feature-hole': "select date '2024-01-01' as start, [1] as target, [[null]::FLOAT[]] as dynamic_feat",
  'feature-null': "select date '2024-01-01' as start, []::FLOAT[] as target, [[]::FLOAT[], null] as dynamic_feat",
  'feature-short': "select date '2024-01-01' as start, [1, 2] as target, [[1]] as dynamic_feat",
  'feature-list': "select date '2024-01-01' as start, [1, 2] as target, [1, 2] as dynamic_feat",
};

const columnsOf = async (file) => (await db.runAndReadAll(`describe select * from '${file}'`)).getRows().map((row) => row[0]);

for (const [name, [options, query]] of Object.entries(files)) {
  const file = `${folder}/${name}.parquet`;
  await db.run(`copy (${query}) to '${file}' (format parquet, ${options})`);
  const others = (await columnsOf(file)).filter((c) => !['start', 'target', 'other'].includes(c))
    .map((c) => (c === 'dynamic_feat' ? ', [[x::DOUBLE for x in f] for f in dynamic_feat] as dynamic_feat' : `, ${c}`)).join('');
  await db.run(`copy (select strftime(start::TIMESTAMP, '%Y-%m-%d %H:%M:%S') as start,
    [case when isnan(v::DOUBLE) then null else v::DOUBLE end for v in target] as target ${others}
    from '${file}') to '${folder}/${name}.jsonl.gz' (format json, compression gzip)`);
}
for (const [name, query] of Object.entries(bad))
  await db.run(`copy (${query}) to '${folder}/bad-${name}.parquet' (format parquet, compression snappy)`);
