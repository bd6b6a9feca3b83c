// Rows of a name, a bar and a number: for weights, importances, models.
import { html } from 'htm/preact';
import { number } from '../format.js';

/** rows: [{key, name, value, from, to (shares of the track, 0 to 1), kind ('above', 'below', 'dot'), lit, best}]. */
export function Bars({ rows, wide, zero, digits = 3, point }) {
  const name = ['bars', wide && 'bars-wide', zero && 'bars-zero'].filter(Boolean).join(' ');
  return html`<div class=${name} aria-hidden="true"
    onPointerLeave=${() => point?.(null)}>${rows.map((row) => html`<${Row} ...${row} key=${row.key} digits=${digits}
      enter=${() => point?.(row.at)} />`)}</div>`;
}

function Row({ name, value, from, to, kind, lit, best, digits, enter }) {
  const style = { left: `${100 * from}%`, width: kind === 'dot' ? null : `${100 * (to - from)}%` };
  return html`<div class=${['weight', lit && 'lit', best && 'best'].filter(Boolean).join(' ')} onPointerEnter=${enter}>
    <span class="weight-name" title=${name}>${name}</span>
    <span class="weight-track">${Number.isFinite(value) && html`<span class=${kind} style=${style}></span>`}</span>
    <span class="weight-value">${Number.isFinite(value) ? number(value, digits) : 'none'}</span>
  </div>`;
}

/** From the middle to the right for what is above zero, to the left for what is below. */
export const roundZero = (value, largest) => {
  const end = 0.5 + (0.5 * value) / largest;
  return { from: Math.min(0.5, end), to: Math.max(0.5, end), kind: value < 0 ? 'below' : 'above' };
};
