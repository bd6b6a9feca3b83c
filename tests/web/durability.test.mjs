// The server is killed with SIGKILL in the middle of answers, again and again: what it acknowledged is there, once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { after, it } from 'node:test';

import { sleep, startServer, temporaryFolder } from './harness.mjs';

const ROUNDS = 4;
const LEARNERS = 8;
const WANTED = 240;

const data = await temporaryFolder();
after(() => rm(data, { recursive: true, force: true }));

const acknowledged = new Map(); // id -> the review as the server said it stored it
const unanswered = new Map(); // id -> what was sent, and no answer came

function keep(review, reply) {
  unanswered.delete(review.id);
  acknowledged.set(review.id, reply.json.review);
}

// Sends answers until the server is gone.
async function learn(server, cards, progress) {
  for (;;) {
    const review = { id: randomUUID(), card: cards[Math.floor(Math.random() * cards.length)], grade: 1 + Math.floor(Math.random() * 4) };
    unanswered.set(review.id, review);
    try {
      const reply = await server.post('/api/v1/reviews', review);
      assert.equal(reply.status, 201, reply.text);
      keep(review, reply);
      progress.count++;
    } catch (error) {
      if (error.name === 'AssertionError') throw error;
      return;
    }
  }
}

async function resend(server) {
  let known = 0;
  for (const review of [...unanswered.values()]) {
    const reply = await server.post('/api/v1/reviews', review);
    assert.ok(reply.status === 200 || reply.status === 201, reply.text);
    known += reply.status === 200;
    keep(review, reply);
  }
  return known;
}

async function storedReviews(server) {
  const all = [];
  for (let before = ''; ; before = `?before=${all.at(-1).id}`) {
    const { reviews } = (await server.get(`/api/v1/reviews${before}`)).json;
    if (!reviews.length) return all;
    all.push(...reviews);
  }
}

// Everything acknowledged is stored as it was acknowledged, nothing is there twice, nothing that was not sent.
function compare(stored) {
  const byId = new Map(stored.map((review) => [review.id, review]));
  assert.equal(byId.size, stored.length, 'a review is stored twice');
  for (const [id, review] of acknowledged) assert.deepEqual(byId.get(id), review);
  for (const id of byId.keys()) assert.ok(acknowledged.has(id) || unanswered.has(id), `${id} was never sent`);
}

it('loses no acknowledged answer and doubles none, killed at random moments', { timeout: 600_000 }, async (t) => {
  let known = 0;
  let cut = 0;
  for (let round = 0; round < ROUNDS || acknowledged.size < WANTED; round++) {
    const server = await startServer({ data });
    compare(await storedReviews(server));
    known += await resend(server);
    const cards = (await server.get('/api/v1/decks/builtin/cards?algorithm=xgboost')).json.cards.map((card) => card.id);
    const progress = { count: 0 };
    const learners = Array.from({ length: LEARNERS }, () => learn(server, cards, progress));
    while (progress.count < 50) await sleep(2);
    await sleep(Math.random() * 60);
    await server.stop('SIGKILL');
    await Promise.all(learners);
    cut += unanswered.size;
  }
  const server = await startServer({ data });
  known += await resend(server);
  const stored = await storedReviews(server);
  compare(stored);
  assert.equal(stored.length, acknowledged.size);
  assert.ok(stored.length >= WANTED);
  assert.equal((await server.stop()).code, 0);
  t.diagnostic(`${stored.length} answers, ${cut} cut off, ${known} of them had been stored`);
});
