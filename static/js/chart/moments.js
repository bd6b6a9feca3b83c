// Pictures that come again while a model learns: the newest is shown until the reader goes back to another one.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';

/** {at, last, following, set}: which of `count` pictures is shown; set(null) follows the newest again. */
export function useMoment(count) {
  const [chosen, set] = useState(null);
  const last = count - 1;
  return { at: chosen === null ? last : Math.min(chosen, last), last, following: chosen === null, set };
}

/** The slider over them. `name`: what one of them is of ("epoch"); `text`: the one shown, in words. */
export function Moments({ name, moment: { at, last, following, set }, text }) {
  return html`<label class="check moments">${name} <input type="range" min="0" max=${String(Math.max(1, last))}
      value=${String(Math.max(0, at))} disabled=${last < 1} aria-valuetext=${text}
      onInput=${(e) => set(Number(e.target.value))} /></label>
    <button class="text-button" type="button" disabled=${following} onClick=${() => set(null)}>Follow the newest</button>`;
}

/** "epoch 3 of 20"; without a known end "epoch 3". */
export const momentWords = (name, value, all) => `${name} ${value}${all > 0 ? ` of ${all}` : ''}`;
