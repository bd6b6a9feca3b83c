// What BlazingText's quickest experiments say: confirmed where the claim holds, refuted in the twin where it does not.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const engine = join(process.env.FLASHLAB_BUILD ?? 'build', 'flashlab-engine');

for (const id of ['BT-22', 'BT-28']) {
  for (const [twin, wanted] of [[[], 'confirmed'], [['--flip'], 'refuted']]) {
    test(`${id} ${twin.join(' ')} is ${wanted}`, () => {
      const result = spawnSync(engine, ['experiment', id, ...twin, '--seed', '1'], { encoding: 'utf8', maxBuffer: 1 << 28 });
      assert.equal(result.status, 0, result.stdout.slice(-500) + result.stderr);
      const lines = result.stdout.trim().split('\n').map((line) => JSON.parse(line));
      const { verdict, text } = lines.find((line) => line.event === 'verdict');
      assert.equal(verdict, wanted, text);
    });
  }
}
