// Answers on their way to the server. An answer is written to this browser's storage before anything else happens,
// carries its own UUID, and leaves storage only when the server has acknowledged it: sent again, it counts once.
import { cell, keep } from './state.js';
import { post } from './api.js';

const NAME = 'outbox';
const PAUSES_MS = [1000, 2000, 5000, 10000, 30000];
const waiting = new Map(); // review id -> {resolve, reject} of this page
let sending = false;
let failures = 0;
let timer = 0;
let unsaved = []; // in memory when storage refuses

const stored = () => {
  try {
    const list = JSON.parse(keep.read(NAME) ?? '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
};
const all = () => [...stored(), ...unsaved];

/** {pending, failing, refused}: failing once a send did not get through; refused: why the last one never will. */
export const outbox = cell({ pending: all().length, failing: false, refused: null });
const tell = (changes) => outbox.set({ ...outbox.get(), pending: all().length, ...changes });

/** A UUID also where crypto.randomUUID is closed (plain http in a local network). */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Resolves with the server's reply, however long that takes, or with null when another tab has delivered it; rejects
 * only when the server refuses it for good. */
export function send(review) {
  const reply = new Promise((resolve, reject) => waiting.set(review.id, { resolve, reject }));
  if (!keep.write(NAME, JSON.stringify([...stored(), review]))) unsaved.push(review);
  tell({});
  flush();
  return reply;
}

function remove(id) {
  unsaved = unsaved.filter((r) => r.id !== id);
  keep.write(NAME, JSON.stringify(stored().filter((r) => r.id !== id)));
}

/** Another tab on the same storage delivers this page's answers too: whoever waits for one hears that it is gone. */
function settleGone() {
  const kept = new Set(all().map((r) => r.id));
  for (const [id, { resolve }] of [...waiting]) {
    if (kept.has(id)) continue;
    waiting.delete(id);
    resolve(null);
  }
}

export async function flush() {
  if (sending) return;
  sending = true;
  clearTimeout(timer);
  try {
    for (let review = all()[0]; review; review = all()[0]) {
      const reply = await deliver(review);
      remove(review.id);
      waiting.get(review.id)?.[reply.error ? 'reject' : 'resolve'](reply.error ?? reply);
      waiting.delete(review.id);
      failures = 0;
      tell({ failing: false, ...(reply.error ? { refused: reply.error.message } : {}) });
    }
    tell({ failing: false });
  } catch {
    tell({ failing: true });
    timer = setTimeout(flush, PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]);
  } finally {
    sending = false;
    settleGone();
  }
}

/** The server knows the card, or the whole deck, no more. */
export const isGone = (error) => error.code === 'unknown_card' || error.code === 'unknown_deck';
const GONE = 'Its card is gone: the deck was deleted, or its notes have changed. There is nothing left to do.';

/** The reply, or {error} when the server will never take it; throws when trying later makes sense. */
async function deliver(review) {
  try {
    return await post('/reviews', review);
  } catch (error) {
    if (error.passing) throw error;
    if (isGone(error)) error.message = GONE; // loading the page again would not help
    return { error };
  }
}

export function startOutbox() {
  addEventListener('online', () => {
    failures = 0;
    flush();
  });
  keep.listen(NAME, () => {
    settleGone();
    tell(all().length ? {} : { failing: false });
  });
  if (all().length) flush();
}
