// The study queue in memory: the card on the screen, the one after it, the counts. A grade changes the screen in the
// same frame; the network follows behind.
import { cell } from './state.js';
import { get, queryOf } from './api.js';
import { isGone, send, uuid } from './outbox.js';

const sessions = new Map();

/** One per deck and algorithm, kept while the page lives: going to a demo and back finds the card as it was. */
export function sessionOf(filter) {
  const key = `${filter.deck ?? ''}|${filter.algorithm ?? ''}`;
  if (!sessions.has(key)) sessions.set(key, createSession(filter));
  return sessions.get(key);
}

const EMPTY = { due: 0, new: 0, learning: 0, total: 0 };

function createSession(filter) {
  // status: loading, card, waiting (graded, the next one is on its way), empty, error
  const view = cell({
    status: 'loading',
    card: null,
    revealed: false,
    chosen: null,
    ticked: [],
    counts: EMPTY,
    nextDueMs: null,
  });
  let ahead = null;
  let shownAt = 0;
  const unsaved = []; // ids of cards graded here and not acknowledged yet, oldest first
  let loading = null;
  const change = (changes) => view.set({ ...view.get(), ...changes });

  function show(card) {
    ahead = null;
    shownAt = performance.now();
    change({ status: card ? 'card' : 'empty', card, revealed: false, chosen: null, ticked: [], error: null });
  }

  const ask = (after) => get(`/study/next${queryOf({ ...filter, after })}`);

  async function fetchFirst() {
    try {
      const { card, counts, next_due_ms: nextDueMs } = await ask();
      change({ counts, nextDueMs });
      show(card);
      if (card) fetchAhead();
    } catch (error) {
      change({ status: 'error', error });
    }
  }

  async function fetchAhead() {
    const { card } = view.get();
    try {
      const reply = await ask(card.id);
      if (view.get().card === card && reply.card?.id !== card.id) ahead = reply.card;
    } catch {
      ahead = null; // the reply to the grade will bring it
    }
  }

  function settle(reply) {
    unsaved.shift(); // the outbox sends in order
    if (unsaved.length) return; // this reply does not know of the later answers
    if (!reply) return catchUp();
    const now = view.get();
    change({ counts: reply.counts, nextDueMs: reply.next_due_ms });
    if (now.status === 'waiting') show(reply.next);
    else if (reply.next && reply.next.id !== now.card.id) ahead ??= reply.next;
    if (view.get().status === 'card' && !ahead) fetchAhead();
  }

  /** The answers are saved, but the reply with the next card went to another tab. */
  function catchUp() {
    if (view.get().status === 'waiting') fetchFirst();
    else if (view.get().status === 'card' && !ahead) fetchAhead();
  }

  function refused(error) {
    unsaved.shift();
    if (unsaved.length) return;
    // With the card its whole deck may be gone, and the card on the screen with it.
    if (view.get().status === 'waiting' || isGone(error)) fetchFirst();
  }

  return {
    view,
    filter,
    /** Asks for a card unless one is on the screen. */
    open() {
      const { status } = view.get();
      if (status === 'card' || status === 'waiting') return;
      loading ??= fetchFirst().finally(() => (loading = null));
    },
    reveal: () => change({ revealed: true }),
    choose: (chosen) => change({ chosen, revealed: true }),
    tick(i) {
      const { ticked } = view.get();
      change({ ticked: ticked.includes(i) ? ticked.filter((t) => t !== i) : [...ticked, i] });
    },
    grade(grade) {
      const { card, revealed, chosen, counts, status } = view.get();
      if (status !== 'card' || !revealed) return;
      const review = { id: uuid(), card: card.id, grade, elapsed_ms: Math.round(performance.now() - shownAt) };
      if (chosen !== null) review.chosen = chosen;
      for (const name of ['deck', 'algorithm']) if (filter[name]) review[name] = filter[name];
      const field = card.state === 'new' ? 'new' : 'due';
      change({ counts: { ...counts, [field]: Math.max(0, counts[field] - 1) } });
      if (ahead) show(ahead);
      else change({ status: 'waiting' });
      unsaved.push(card.id);
      send(review).then(settle, refused);
    },
  };
}
