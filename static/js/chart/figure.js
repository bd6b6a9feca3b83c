// The frame of every chart: title, picture, what it says in one line, a table twin, a download. The rows of the table
// are also the stops of the arrow keys: `cursor` is the row under the reader, or null.
import { number } from '../format.js';
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';

/** table: {columns: [..], rows: [[..]..]} made only when asked for; picture: (cursor, point) => element, where `point(row)`
 *  puts the reader on a row, null on none; `empty`: there is nothing to draw yet, its sentence stands in the place held
 *  for the picture; `shape`: what needs another height ("tall": two plots, above each other where they do not fit side
 *  by side). */
export function Figure({ title, note, summary, empty, table, file, picture, tools, shape }) {
  const [cursor, setCursor] = useState(null);
  const [open, setOpen] = useState(false);
  const data = cursor !== null || open ? table() : null;
  const rows = data?.rows ?? [];
  const at = cursor === null || !rows.length ? null : Math.min(cursor, rows.length - 1);
  const said = at === null ? summary : readout(data.columns, rows[at]);
  const move = (event) => {
    const all = table().rows.length;
    const now = cursor ?? (event.key === 'ArrowLeft' ? all : -1);
    const next = {
      ArrowRight: now + 1,
      ArrowUp: now - 1,
      ArrowDown: now + 1,
      ArrowLeft: now - 1,
      Home: 0,
      End: all - 1,
      PageUp: now - 10,
      PageDown: now + 10,
    }[event.key];
    if (event.key === 'Escape') setCursor(null);
    if (next === undefined || !all) return;
    event.preventDefault();
    setCursor(Math.min(all - 1, Math.max(0, next)));
  };
  return html`<figure class=${shape ? `figure figure-${shape}` : 'figure'}>
    <figcaption><span class="figure-title">${title}</span> ${note && html`<span
      class="quiet">${note}</span>`}</figcaption>
    ${
      empty
        ? html`<div class="picture picture-empty">${summary}</div>`
        : html`<div class="picture" tabindex="0" role="slider" aria-label=${`${title}. Arrow keys move along it.`}
          aria-valuemin="0" aria-valuemax=${String(Math.max(0, rows.length - 1))}
      aria-valuenow=${String(at ?? 0)} aria-valuetext=${said} onKeyDown=${move}
        onBlur=${() => setCursor(null)}>${picture(at, setCursor)}</div>`
    }
    <p class="readout">${empty ? '' : said}</p>
    <div class="figure-tools">
      <details onToggle=${(e) => setOpen(e.target.open)}>
        <summary>Table</summary>${open && data && html`<${Twin} ...${data} title=${title} />`}</details>
      <button class="text-button" type="button" disabled=${empty} aria-label=${`CSV of ${title}`}
        onClick=${() => download(file, table())}>CSV</button>
      ${tools}
    </div>
  </figure>`;
}

const SAID = 8; // columns of a row in the line below the picture, which must not grow; the table has all
const readout = (columns, row) =>
  columns
    .slice(0, SAID)
    .map((c, i) => `${c} ${cellText(row[i]) || 'none'}`)
    .join(', ') + (columns.length > SAID ? `, and ${columns.length - SAID} more in the table` : '');

/** null is the engine's NaN or infinity; undefined is a place without a value. */
const cellText = (cell) =>
  cell === null || Number.isNaN(cell) ? 'not a number' : typeof cell === 'number' ? number(cell, 4) : (cell ?? '');

const SHOWN_ROWS = 200;
function Twin({ columns, rows, title }) {
  const step = Math.ceil(rows.length / SHOWN_ROWS);
  const shown = rows.filter((_, i) => i % step === 0 || i === rows.length - 1);
  return html`<div class="table-wrap twin" tabindex="0" role="region" aria-label=${`${title}, as a table`}><table>
    ${step > 1 && html`<caption class="quiet">every ${step}th of ${rows.length} rows; the download has all</caption>`}
    <thead><tr>${columns.map((c) => html`<th scope="col">${c}</th>`)}</tr></thead>
    <tbody>${shown.map((row, i) => html`<tr
      key=${i}>${row.map((cell) => html`<td>${cellText(cell)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function download(file, { columns, rows }) {
  const quote = (v) => (/[",\n]/.test(String(v ?? '')) ? `"${String(v).replaceAll('"', '""')}"` : String(v ?? ''));
  const text = [columns, ...rows].map((row) => row.map(quote).join(',')).join('\n') + '\n';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = `${file}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
