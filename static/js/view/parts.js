// Small parts that several views share.
import { useEffect, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { announce } from '../state.js';

const SHAPES = {
  tick: 'M4 12.5l5 5L20 6.5',
  cross: 'M6 6l12 12M18 6L6 18',
  tilde: 'M4 14c2.5-5 5.5-5 8-2s5.5 3 8-2',
  dot: 'M12 11.5v1',
  question: 'M9 9.2a3.2 3.2 0 1 1 4.6 2.9c-1 .5-1.6 1.2-1.6 2.4M12 17.8v.4',
  theme: 'M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8z',
  projector: 'M4 5h16v11H4zM12 16v4M8 20h8',
  warning: 'M12 4l9 16H3zM12 10v5M12 17.3v.4',
  wait: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 2',
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${SHAPES[name]} /></svg>`;
}

/** Title of the browser's tab and the page's own first heading, in one place. */
export function useTitle(title) {
  useEffect(() => {
    document.title = title ? `${title} \u00b7 Flashlab` : 'Flashlab';
  }, [title]);
}

const NOTICE_ICONS = { bad: 'warning', wait: 'wait', good: 'tick' };
/** A framed remark: kind is bad, wait, good or plain. */
export function Notice({ kind = 'plain', title, children }) {
  return html`<div class=${`notice notice-${kind}`} role=${kind === 'bad' ? 'alert' : null}>
    ${NOTICE_ICONS[kind] && html`<${Icon} name=${NOTICE_ICONS[kind]} />`}
    <div><strong>${title}</strong> <span>${children}</span></div>
  </div>`;
}

/** What a view shows when its data did not come. */
export function Failure({ error, again, what }) {
  return html`<${Notice} kind="bad" title=${what}>
    ${error.message} ${again && html`<button class="text-button" type="button" onClick=${again}>Try again</button>`}
  <//>`;
}

/** Space held for what is on its way; says so only when it takes long. */
export function Placeholder({ tall }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 700);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class=${tall ? 'placeholder placeholder-tall' : 'placeholder'}>${late && 'Loading'}</div>`;
}

/** The command that repeats a run, with a button that copies it. */
export function CopyLine({ text, label }) {
  const [done, setDone] = useState('');
  const copy = async () => {
    const said = (await copied(text)) ? 'Copied' : 'Select and copy it by hand';
    setDone(said);
    announce(said);
    setTimeout(() => setDone(''), 2000);
  };
  return html`<div class="copy">
    <code tabindex="0" role="region" aria-label=${label}>${text}</code>
    <button class="button button-small" type="button" onClick=${copy}>${done || 'Copy'}</button>
  </div>`;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // closed on plain http
  }
}

const DEMO_WORDS = { experiment: 'proof', playground: 'playground' };
/** A card's demo, named for what it is; nothing for a card of own notes that no demo fits. */
export function DemoLink({ card }) {
  if (!card.demo) return null;
  const id = card.demo_kind === 'experiment' ? ` ${card.demo.split('/').pop()}` : '';
  return html`<a href=${card.demo}>Demo: ${DEMO_WORDS[card.demo_kind]}${id}</a>`;
}

/** A share as a bar with its words; the words carry it, the bar helps. */
export function Strength({ strong, cards }) {
  const share = cards ? strong / cards : 0;
  return html`<span class="strength">
    <span class="strength-bar" aria-hidden="true"><span style=${{ width: `${share * 100}%` }}></span></span>
    <span class="strength-words">${strong.toLocaleString('en')} of ${cards.toLocaleString('en')} strong</span>
  </span>`;
}

/** What a model answered, as it came. */
export const AsItCame = ({ answer }) =>
  html`<details><summary>The answer as JSON</summary><pre class="said-json" tabindex="0" role="region"
    aria-label="The answer as JSON">${JSON.stringify(answer, null, 1)}</pre></details>`;
