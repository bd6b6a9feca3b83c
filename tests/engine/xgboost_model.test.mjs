// The real XGBoost judges our models: its own are read, asked and written again here, and ours are asked there.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const python = '/usr/bin/python3';
const script = 'tests/reference/xgboost_judge.py';
const program = join(process.env.FLASHLAB_BUILD ?? 'build', 'tests/engine/test_forest');
const absent = spawnSync(python, ['-c', 'import xgboost']).status !== 0 && 'skipped: python3-xgboost is absent';

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 240_000 });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  return result.stdout;
}

test('models of both answer the same on both sides', { skip: absent }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flashlab-'));
  try {
    run(python, [script, 'train', folder]);
    run(program, ['judge', folder]);
    const lines = run(python, [script, 'check', folder]).trim().split('\n');
    assert.ok(lines.length >= 80, `only ${lines.length} comparisons were made`);
    assert.ok(lines.every((line) => !line.endsWith('DIFFERS')), lines.join('\n'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
