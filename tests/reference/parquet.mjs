// Makes tests/golden/parquet with DuckDB, an independent writer of Parquet:
//
//     npm install --no-save @duckdb/node-api && node tests/reference/parquet.mjs tests/golden/parquet
//
// Beside each NAME.parquet, NAME.csv.gz holds the rows as DuckDB reads them back, numbers rounded to float32.
import { DuckDBInstance } from '@duckdb/node-api';

const folder = process.argv[2];
const db = await (await DuckDBInstance.create(':memory:')).connect();
const table = (rows) => `select (i % 3)::TINYINT as label, i::INTEGER as counted, (i * 7919 % 1000)::BIGINT as mixed,
  case when i % 5 = 0 then null else i % 7 end::SMALLINT as holes, (i % 4)::UTINYINT as tiny,
  (4000000000 + i)::UINTEGER as large, (i * 0.37)::FLOAT as single, (i / 7.0)::DOUBLE as double,
  (i % 2 = 0) as even, case when i < 40 then null else (i % 3 = 0) end as late, (i * 1.25)::DECIMAL(9,2) as price,
  (i * -12345.678)::DECIMAL(18,3) as wide, null::INTEGER as nothing from range(${rows}) t(i)`;
const files = {
  'v1-snappy': ['compression snappy, parquet_version v1', 300],
  'v2-zstd': ['compression zstd, parquet_version v2', 300],
  'v2-plain': ['compression uncompressed, parquet_version v2, dictionary_size_limit 1', 120],
  'v1-gzip': ['compression gzip, parquet_version v1, dictionary_size_limit 10', 300],
  'groups': ['compression snappy, parquet_version v2, row_group_size 2048', 5000],
};
for (const [name, [options, rows]] of Object.entries(files)) {
  const file = `${folder}/${name}.parquet`;
  await db.run(`copy (${table(rows)}) to '${file}' (format parquet, ${options})`);
  await db.run(`copy (select columns(*)::DOUBLE::FLOAT from '${file}') to '${folder}/${name}.csv.gz' (header false, compression gzip)`);
}
