// A few choices side by side under a chart, one of them taken.
import { html } from 'htm/preact';

export function Choice({ label, name, options, value, set }) {
  return html`<span class="choices" role="radiogroup" aria-label=${label}><span class="quiet"
    aria-hidden="true">${label}</span>${options.map((o) => html`<label class="check" key=${o}><input type="radio"
      name=${name} checked=${o === value} onChange=${() => set(o)} /> ${o}</label>`)}</span>`;
}
