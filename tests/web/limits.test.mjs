// What a trainer may not take, with the plain programs: AddressSanitizer needs the whole address space.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { last, start, startServer, watch } from './harness.mjs';

test('a trainer gets no more memory than it may', async () => {
  const server = await startServer({ args: ['--run-memory', '64'] });
  try {
    const run = await start(server, {
      algorithm: 'linear-learner',
      data: 'scaled_lin:n=1000000,d=20',
      hyperparameters: { predictor_type: 'binary_classifier', epochs: 1, mini_batch_size: 50 },
    });
    const events = await watch(server, run.id);
    assert.equal(last(events).status, 'failed');
    assert.match(JSON.stringify(last(events).error), /memory/i);
  } finally {
    await server.stop();
  }
});
