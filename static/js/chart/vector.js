// The numbers of one vector, in their order, as bars round zero.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { Bars, roundZero } from './bars.js';
import { Figure } from './figure.js';

const SHOWN = 24; // bars; the table has all

export function Vector({ values }) {
  const largest = Math.max(...values.map(Math.abs), 1e-12);
  const length = Math.sqrt(values.reduce((a, v) => a + v * v, 0));
  return html`<${Figure} title="Vector" file="vector" empty=${!values.length}
    note=${values.length > SHOWN ? `the first ${SHOWN} of ${values.length}` : null}
    summary=${`${count(values.length, 'number')}; length ${number(length)}.`}
    table=${() => ({ columns: ['place', 'value'], rows: values.map((v, i) => [i + 1, v]) })}
    picture=${(cursor, point) => html`<${Bars} zero point=${point} rows=${values.slice(0, SHOWN).map((value, at) => ({
      ...{ at, key: at, name: String(at + 1), value, lit: cursor === at },
      ...roundZero(value, largest),
    }))} />`} />`;
}
