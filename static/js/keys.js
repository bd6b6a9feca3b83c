// Keys: a view states a table of {key, label, help, run}; the sheet behind "?" is made from the tables in force.
import { useEffect, useRef } from 'preact/hooks';
import { cell } from './state.js';

const tables = []; // newest last
export const sheetOpen = cell(false);

export function useKeys(bindings) {
  const table = useRef({ bindings });
  table.current.bindings = bindings;
  useEffect(() => {
    const mine = table.current;
    tables.push(mine);
    return () => tables.splice(tables.indexOf(mine), 1);
  }, []);
}

/** What can be pressed now, newest table first, each line once. */
export const keysInForce = () => [...tables].reverse().flatMap((table) => table.bindings.filter((b) => b.help));

const typing = (target) =>
  target.closest?.('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]');
const ownsKey = (target, key) =>
  (key === ' ' || key === 'Enter') && target.closest?.('button, a[href], summary, input, select, [role=slider]');

export function startKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || ownsKey(event.target, event.key) || document.querySelector('dialog[open]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    for (const table of [...tables].reverse()) {
      const binding = table.bindings.find((b) => [b.key].flat().includes(key));
      if (!binding) continue;
      event.preventDefault();
      if (!event.repeat) binding.run(event);
      return;
    }
  });
}
