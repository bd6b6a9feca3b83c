// Numbers, spans of time and metric names as people read them.

const MINUS = '\u2212';
const proper = (text) => text.replace('-', MINUS);

/** Three significant digits, no noise: 0.953, 12.4, 1,204, 1.2e−7. */
export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return 'none';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : `${MINUS}infinite`;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9))
    return proper(value.toExponential(1)).replace('e+', 'e').replace('e-', `e${MINUS}`);
  if (size >= 1000) return proper(Math.round(value).toLocaleString('en'));
  return proper(String(Number(value.toPrecision(digits))));
}

/** Fixed decimals with a sign, for differences: +0.275, −0.021. */
export function signed(value, decimals = 3) {
  if (!Number.isFinite(value)) return 'none';
  const text = Math.abs(value).toFixed(decimals);
  return (Number(text) === 0 ? '' : value < 0 ? MINUS : '+') + text;
}

export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** What waits in a deck, in the same words on every page: "3 due \u00b7 505 new". `due` counts the cards that can be
 * answered now, in review or learning; a card whose step is not over yet is in neither number. */
export function waiting({ due, new: fresh }) {
  const words = [due && `${due.toLocaleString('en')} due`, fresh && `${fresh.toLocaleString('en')} new`];
  return words.filter(Boolean).join(' \u00b7 ') || 'nothing due';
}

const SPANS = [
  [60, 60, 'min'],
  [3600, 3600, 'h'],
  [86400, 86400, 'day'],
  [30 * 86400, 30.44 * 86400, 'month'],
  [365 * 86400, 365.25 * 86400, 'year'],
];

/** How long until a card comes back: "1 min", "3 days", "1.2 months". */
export function span(seconds) {
  const [, unit, name] = SPANS.filter(([from]) => seconds >= from).pop() ?? SPANS[0];
  const exact = seconds / unit;
  const value = name === 'month' || name === 'year' ? Math.round(exact * 10) / 10 : Math.max(1, Math.round(exact));
  return `${value} ${name}${value !== 1 && ['day', 'month', 'year'].includes(name) ? 's' : ''}`;
}

export const seconds = (value) => (value < 10 ? value.toFixed(1) : String(Math.round(value))) + ' s';

/** When a card is due next: "in 9 min (14:32)", "in 3 days". */
export function whenDue(dueMs, nowMs = Date.now()) {
  const left = (dueMs - nowMs) / 1000;
  if (left <= 0) return 'now';
  const clock = new Date(dueMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return left < 20 * 3600 ? `in ${span(left)} (${clock})` : `in ${span(left)}`;
}

/** Where a card's fact was read. The built-in deck names pages; lines count only in notes that the learner has. */
export function sourceOf(card) {
  if (card.deck === 'builtin')
    return `Source: ${card.source}${card.source.endsWith('.md') ? ' (SageMaker developer guide)' : ''}`;
  return card.source ? `Source: ${card.source}, notes line ${card.line}` : `Source: your notes, line ${card.line}`;
}

// Beginnings and endings of the service's metric names, and which way is better.
const HIGHER = /accuracy|precision|recall|f_?\d|f_beta|auc|map$|dcg|correlation|r2|bleu/i;
const LOWER = /loss|error|rmse|mse|mae|perplexity|mape|cross_entropy/i;

/** "validation:objective_loss" -> its split, its own name, and the direction in words. */
export function metric(name) {
  const [, split, own] = /^(?:([a-z_]+):)?(.*)$/.exec(name);
  const direction = HIGHER.test(own) ? 'higher is better' : LOWER.test(own) ? 'lower is better' : '';
  return { split: split ?? '', own, direction };
}

export const plain = (own) => own.replaceAll('_', ' ');

const bare = (text) => ` ${text.toLowerCase().replace(/[^\p{L}\p{N}_.]+|\.(?!\d)/gu, ' ').trim()} `;
const LINKING = new Set(['', 'and', 'or']);

/** The sentences of a card's explanation that say more than its question and its answers do; '' when none does. */
export function saysMore(card) {
  const frame = `${card.algorithm}, `;
  const dash = card.explanation.indexOf(' \u2014 ');
  const body = card.explanation.startsWith(frame) && dash > 0 ? card.explanation.slice(dash + 3) : card.explanation;
  const answers = card.answers.map(bare).sort((a, b) => b.length - a.length);
  const stem = bare(card.stem.replaceAll(/_{3,}/g, ' '));
  const known = (sentence) =>
    answers
      .reduce((left, answer) => left.replaceAll(answer, ' | '), bare(sentence))
      .split('|')
      .every((part) => LINKING.has(part.trim()) || stem.includes(` ${part.trim()} `));
  return body
    .replace(/([.!?])\s+(?=\p{Lu})/gu, '$1\n')
    .split('\n')
    .filter((sentence) => !known(sentence))
    .join(' ');
}
