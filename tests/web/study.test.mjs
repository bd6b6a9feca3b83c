// Studying over HTTP: the queue, answers that count once, decks that are made, edited and deleted.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { root, run, startServer, temporaryFolder } from './harness.mjs';

let server;
let data;
before(async () => {
  data = await temporaryFolder();
  server = await startServer({ data });
});
after(async () => {
  const { code, log } = await server.stop();
  await rm(data, { recursive: true, force: true });
  assert.equal(code, 0, log);
});

const next = async (query = '') => (await server.get(`/api/v1/study/next${query}`)).json;
const answer = (card, grade, more = {}) =>
  server.post('/api/v1/reviews', { id: randomUUID(), card, grade, elapsed_ms: 1200, ...more });
const cardsOf = async (deck, query = '') => (await server.get(`/api/v1/decks/${deck}/cards${query}`)).json.cards;
const deckOf = async (id) => (await server.get('/api/v1/decks')).json.decks.find((deck) => deck.id === id);
const ownNotes = () => readFile(path.join(root, 'content/notes/2-xgboost.txt'), 'utf8');

describe('the built-in deck', () => {
  it('is there at the first start, with counts for each algorithm', async () => {
    const { json } = await server.get('/api/v1/decks');
    assert.deepEqual(json.decks.map((deck) => deck.id), ['builtin']);
    const [deck] = json.decks;
    assert.equal(deck.algorithms.length, 7);
    for (const field of ['cards', 'due', 'new', 'strong'])
      assert.equal(deck[field] ?? 0, deck.algorithms.reduce((sum, algorithm) => sum + algorithm[field], 0), field);
    assert.equal(deck.new, deck.cards);
    assert.ok(deck.cards > 100);
  });

  it('gives every card a demo that exists', async () => {
    const { experiments } = (await server.get('/api/v1/experiments')).json;
    const { algorithms } = (await server.get('/api/v1/algorithms')).json;
    const known = new Set(algorithms.map((algorithm) => algorithm.name));
    const addresses = new Set(experiments.map((one) => `/demo/${one.algorithm}/${one.id}`));
    const kinds = {};
    for (const card of await cardsOf('builtin')) {
      kinds[card.demo_kind] = (kinds[card.demo_kind] ?? 0) + 1;
      if (card.demo_kind === 'experiment') assert.ok(addresses.has(card.demo), card.demo);
      else assert.equal(card.demo, `/demo/${card.slug}`);
      assert.ok(known.has(card.slug) && ['experiment', 'playground'].includes(card.demo_kind), card.demo);
    }
    assert.ok(experiments.length === 0 || kinds.experiment > 0, JSON.stringify(kinds));
  });

  it('cannot be deleted', async () => {
    const { status, json } = await server.send('DELETE', '/api/v1/decks/builtin');
    assert.equal(status, 409);
    assert.match(json.error.message, /built-in/);
  });

  it('lists cards by algorithm and topic', async () => {
    const all = await cardsOf('builtin');
    const some = await cardsOf('builtin', '?algorithm=xgboost&topic=hyperparameters');
    assert.ok(some.length > 0 && some.length < all.length);
    assert.ok(some.every((card) => card.slug === 'xgboost' && card.slot === 'hyperparameters'));
    assert.deepEqual(some, all.filter((card) => card.slug === 'xgboost' && card.slot === 'hyperparameters'));
    assert.deepEqual(await cardsOf('builtin', '?algorithm=nothing'), []);
    assert.equal((await server.get('/api/v1/decks/nothing/cards')).status, 404);
  });
});

describe('answering', () => {
  it('applies the interval that was shown, and sends the next card along', async () => {
    const query = '?algorithm=deepar';
    const shown = await next(query);
    const { id, intervals, state } = shown.card;
    assert.equal(state, 'new');
    assert.deepEqual([intervals.again, intervals.hard, intervals.good], [60, 330, 600]);
    assert.ok(intervals.easy >= 5 * 86400);
    const { status, json } = await answer(id, 4, { algorithm: 'deepar' });
    assert.equal(status, 201);
    assert.equal(json.review.due_ms - json.review.at_ms, intervals.easy * 1000);
    assert.notEqual(json.next.id, id);
    assert.equal(json.next.slug, 'deepar');
    assert.equal(json.counts.new, shown.counts.new - 1);
    assert.equal(json.next_due_ms, json.review.due_ms);
    const { card: after } = await next(query);
    assert.equal(after.id, json.next.id);
    const stored = (await cardsOf('builtin', query)).find((card) => card.id === id);
    assert.deepEqual([stored.state, stored.due_ms], ['review', json.review.due_ms]);
  });

  it('keeps the cards of one fact apart', async () => {
    const lines = [];
    let { card } = await next('?algorithm=linear-learner');
    for (let i = 0; i < 40; i++) {
      assert.ok(!lines.slice(-8).includes(card.line), `${lines} ${card.line}`);
      lines.push(card.line);
      card = (await answer(card.id, 4, { algorithm: 'linear-learner' })).json.next;
    }
    assert.ok(new Set(lines).size < lines.length, 'no fact came twice: the test proves nothing');
  });

  it('walks the learning steps', async () => {
    const { card } = await next('?algorithm=seq2seq');
    const first = (await answer(card.id, 3, { algorithm: 'seq2seq' })).json;
    assert.equal(first.review.due_ms - first.review.at_ms, 600e3);
    assert.equal(first.counts.learning, 1);
    assert.notEqual(first.next.id, card.id);
    const second = (await answer(card.id, 3)).json;
    assert.equal(second.review.due_ms - second.review.at_ms, 2 * 86400e3);
    const lapse = (await answer(card.id, 1)).json;
    assert.equal(lapse.review.due_ms - lapse.review.at_ms, 600e3);
    const stored = (await cardsOf('builtin', '?algorithm=seq2seq')).find((one) => one.id === card.id);
    assert.equal(stored.state, 'relearning');
  });

  it('counts the same answer once, whatever the case of its id', async () => {
    const { card, counts } = await next('?algorithm=object2vec');
    const review = { id: randomUUID(), card: card.id, grade: 3, chosen: 2, elapsed_ms: 900 };
    const first = await server.post('/api/v1/reviews', review);
    const again = await server.post('/api/v1/reviews', { ...review, id: review.id.toUpperCase(), elapsed_ms: 5 });
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.deepEqual(again.json.review, first.json.review);
    assert.equal((await next('?algorithm=object2vec')).counts.new, counts.new - 1);
    const { reviews } = (await server.get('/api/v1/reviews')).json;
    assert.deepEqual(reviews.filter((one) => one.id === review.id), [first.json.review]);
    assert.equal(reviews[0].id, review.id);
  });

  it('counts an answer once when it arrives many times at the same moment', async () => {
    const { card } = await next('?algorithm=blazingtext');
    const review = { id: randomUUID(), card: card.id, grade: 1 };
    const replies = await Promise.all(Array.from({ length: 12 }, () => server.post('/api/v1/reviews', review)));
    assert.deepEqual(replies.map((reply) => reply.status).sort(), [...Array(11).fill(200), 201]);
    assert.equal(new Set(replies.map((reply) => reply.json.review.due_ms)).size, 1);
  });

  it('refuses what is no answer, with the field at fault', async () => {
    const { card } = await next();
    const good = { id: randomUUID(), card: card.id, grade: 3 };
    const used = { ...good, id: randomUUID() };
    await server.post('/api/v1/reviews', used);
    const cases = [
      [{ ...good, id: 'one' }, 400, 'id'],
      [{ ...good, id: `${randomUUID()}0` }, 400, 'id'],
      [{ ...good, id: undefined }, 400, 'id'],
      [{ ...good, card: 'f'.repeat(16) }, 404, 'card'],
      [{ ...good, card: "' OR 1 = 1 --" }, 400, 'card'],
      [{ ...good, card: 7 }, 400, 'card'],
      [{ ...good, grade: 0 }, 400, 'grade'],
      [{ ...good, grade: 5 }, 400, 'grade'],
      [{ ...good, grade: 2.5 }, 400, 'grade'],
      [{ ...good, chosen: -1 }, 400, 'chosen'],
      [{ ...good, elapsed_ms: -1 }, 400, 'elapsed_ms'],
      [{ ...used, grade: 2 }, 409, 'id'],
    ];
    const before = (await server.get('/api/v1/reviews')).json.reviews.length;
    for (const [body, status, field] of cases) {
      const reply = await server.post('/api/v1/reviews', body);
      assert.deepEqual([reply.status, reply.json.error.field], [status, field], JSON.stringify(body));
    }
    assert.equal((await server.get('/api/v1/reviews')).json.reviews.length, before);
  });

  it('stores no answer that names a deck that is not there', async () => {
    const { card } = await next();
    const before = (await server.get('/api/v1/reviews')).json.reviews.length;
    const { status, json } = await answer(card.id, 3, { deck: 'nowhere' });
    assert.deepEqual([status, json.error.code, json.error.field], [404, 'unknown_deck', 'deck']);
    assert.equal((await server.get('/api/v1/reviews')).json.reviews.length, before);
  });

  it('lists the answers before one, and refuses what is no id of one', async () => {
    const { reviews } = (await server.get('/api/v1/reviews')).json;
    const rest = await server.get(`/api/v1/reviews?before=${reviews[0].id.toUpperCase()}`);
    assert.deepEqual(rest.json.reviews, reviews.slice(1));
    for (const id of ['zz', '', `${reviews[0].id}0`]) {
      const { status, json } = await server.get(`/api/v1/reviews?before=${id}`);
      assert.deepEqual([status, json.error?.code, json.error?.field], [400, 'invalid_field', 'before'], id);
    }
  });

  it('says which deck is unknown', async () => {
    const { status, json } = await server.get('/api/v1/study/next?deck=nowhere');
    assert.deepEqual([status, json.error.code], [404, 'unknown_deck']);
  });
});

describe('decks of one\'s own', () => {
  it('are made, keep their history through an edit, and are deleted', async () => {
    const notes = await ownNotes();
    const made = await server.post('/api/v1/decks', { notes, title: 'My boosting notes' });
    assert.equal(made.status, 201);
    assert.equal(made.json.deck.id, 'my-boosting-notes');
    assert.equal(made.json.report.algorithms, 1);
    const cards = await cardsOf('my-boosting-notes');
    assert.equal(made.json.deck.changes.added, cards.length);

    const victim = cards.at(-1);
    const other = cards[0];
    await answer(victim.id, 4);
    await answer(other.id, 4);
    const lines = notes.split('\n');
    const edited = lines.filter((_, index) => index + 1 !== victim.line).join('\n');
    const second = (await server.post('/api/v1/decks', { notes: edited, title: 'My boosting notes' })).json.deck;
    assert.equal(second.id, 'my-boosting-notes');
    assert.ok(second.changes.hidden >= 1 && second.changes.kept > 0, JSON.stringify(second.changes));
    const remaining = await cardsOf('my-boosting-notes');
    assert.ok(!remaining.some((card) => card.id === victim.id));
    assert.equal(remaining.find((card) => card.id === other.id).state, 'review');

    await server.post('/api/v1/decks', { notes, title: 'My boosting notes' });
    const back = await cardsOf('my-boosting-notes');
    assert.deepEqual(back.map((card) => card.id), cards.map((card) => card.id));
    assert.equal(back.find((card) => card.id === victim.id).state, 'review');

    assert.equal((await server.send('DELETE', '/api/v1/decks/my-boosting-notes')).status, 204);
    assert.equal((await server.send('DELETE', '/api/v1/decks/my-boosting-notes')).status, 404);
    assert.equal((await answer(other.id, 3)).status, 404);
    assert.equal(await deckOf('my-boosting-notes'), undefined);
  });

  it('do not share cards with a deck of the same notes', async () => {
    const notes = await ownNotes();
    for (const title of ['One', 'Two']) await server.post('/api/v1/decks', { notes, title });
    const one = await next('?deck=one');
    await answer(one.card.id, 4);
    assert.equal((await deckOf('one')).strong, 1);
    assert.equal((await deckOf('two')).strong, 0);
    for (const id of ['one', 'two']) await server.send('DELETE', `/api/v1/decks/${id}`);
  });

  it('are two when their titles differ only in what an address leaves out', async () => {
    const notes = await ownNotes();
    const first = (await server.post('/api/v1/decks', { notes, title: 'My notes' })).json.deck;
    const second = (await server.post('/api/v1/decks', { notes: notes.split('\n').slice(0, 12).join('\n'), title: 'My Notes!' })).json.deck;
    assert.equal(first.id, 'my-notes');
    assert.notEqual(second.id, first.id);
    assert.equal(second.changes.hidden, 0);
    assert.deepEqual([(await deckOf(first.id)).title, (await deckOf(second.id)).title], ['My notes', 'My Notes!']);
    assert.equal((await deckOf(first.id)).cards, first.changes.added);
    for (const { id } of [first, second]) await server.send('DELETE', `/api/v1/decks/${id}`);
  });

  it('have titles of one plain line', async () => {
    const notes = await ownNotes();
    for (const code of [0x01, 0x0a, 0x0d, 0x1b, 0x7f, 0x85, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069]) {
      const { status, json } = await server.post('/api/v1/decks', { notes, title: `My${String.fromCodePoint(code)}notes` });
      assert.deepEqual([status, json.error?.code, json.error?.field], [400, 'invalid_field', 'title'], code.toString(16));
    }
    for (const title of ['Заметки – “мои” № 5', 'メモ 📚', 'a\u00a0b', 'ב\u2027ג\u2065']) {
      const { status, json } = await server.post('/api/v1/decks', { notes, title });
      assert.deepEqual([status, json.deck?.title], [201, title]);
      await server.send('DELETE', `/api/v1/decks/${json.deck.id}`);
    }
  });

  it('are refused with a sentence when nothing can be made of the notes', async () => {
    const cases = [
      [{ notes: '', title: 'Empty' }, 'notes'],
      [{ title: 'None' }, 'notes'],
      [{ notes: 7 }, 'notes'],
      [{ notes: 'x', title: 'y'.repeat(201) }, 'title'],
      [{ notes: (await ownNotes()).replace(/^.*\n/, ''), title: '  ' }, 'title'],
    ];
    for (const [body, field] of cases) {
      const { status, json } = await server.post('/api/v1/decks', body);
      assert.deepEqual([status, json.error.field], [400, field], `${JSON.stringify(body).slice(0, 60)}: ${JSON.stringify(json)}`);
      assert.match(json.error.message, /^[A-Z"].*\.$/);
    }
    assert.equal((await server.get('/api/v1/decks')).json.decks.length, 1);
  });

  it('are checked without being kept', async () => {
    const { status, json } = await server.post('/api/v1/notes/check', { notes: await ownNotes() });
    assert.equal(status, 200);
    assert.ok(json.facts > 0 && json.cards.recall + json.cards.cloze + json.cards.single > 0);
    assert.equal((await server.get('/api/v1/decks')).json.decks.length, 1);
  });
});

describe('the data folder', () => {
  it('belongs to one server at a time', async () => {
    for (const args of [['serve', '--listen', '127.0.0.1:0', '--data', data], ['import', 'content/notes/2-xgboost.txt', '--data', data]]) {
      const { code, stderr } = await run(args);
      assert.equal(code, 1);
      assert.match(stderr, /another Flashlab is using the data folder/);
      assert.ok(stderr.includes(data));
    }
  });

  it('has everything after a restart', async () => {
    const before = (await server.get('/api/v1/decks')).json;
    const reviews = (await server.get('/api/v1/reviews')).json;
    assert.equal((await server.stop()).code, 0);
    server = await startServer({ data });
    assert.deepEqual((await server.get('/api/v1/decks')).json, before);
    assert.deepEqual((await server.get('/api/v1/reviews')).json, reviews);
  });
});
