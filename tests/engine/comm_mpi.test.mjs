// Ranks that mpirun starts: every call gives every rank the same, and a rank that fails or is killed ends all.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const build = process.env.FLASHLAB_BUILD ?? 'build';
const plugin = join(build, 'flashlab-mpi.so');
const ranks = join(build, 'tests/engine/test_comm');
const absent = spawnSync('mpirun', ['--version']).error ? 'skipped: mpirun is absent (openmpi-bin)'
  : !existsSync(plugin) ? 'skipped: the plugin was not built, mpicc is absent (libopenmpi-dev)' : false;

// The engine looks for the plugin in its own folder. MPI itself leaves memory behind when it ends: not our leaks.
function inFolder(files, work) {
  const folder = mkdtempSync(join(tmpdir(), 'flashlab-'));
  try {
    for (const file of files) copyFileSync(file, join(folder, file.split('/').at(-1)));
    const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
    return work((command, args) => spawnSync(command, args, { cwd: folder, env, timeout: 180_000, encoding: 'utf8' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const four = (what) => ['-n', '4', '--allow-run-as-root', '--oversubscribe', './test_comm', what];

test('four ranks do every call', { skip: absent }, () => inFolder([plugin, ranks], (run) => {
  const result = run('mpirun', four('mpi'));
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.equal(result.stdout.match(/a rank of 4 is done/g)?.length, 4);
}));

test('a rank that fails says why and ends all', { skip: absent }, () => inFolder([plugin, ranks], (run) => {
  const result = run('mpirun', four('mpi-fails'));
  assert.equal(result.status, 1, result.stdout + result.stderr);
  assert.match(result.stderr, /error: Rank 1 has had enough/);
  assert.doesNotMatch(result.stdout, /is done/);
}));

test('a rank that is killed ends all', { skip: absent }, () => inFolder([plugin, ranks], (run) => {
  const result = run('mpirun', four('mpi-killed'));
  assert.equal(result.error, undefined);
  assert.notEqual(result.status, 0);
  assert.doesNotMatch(result.stdout, /is done/);
}));

test('without the plugin a sentence says what to install', () => inFolder([ranks], (run) => {
  const result = run('./test_comm', ['mpi']);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /^error: This build has no MPI: flashlab-mpi\.so/);
}));
