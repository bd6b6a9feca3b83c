// An address that names nothing here.
import { html } from 'htm/preact';
import { useTitle } from './parts.js';

export default function Missing() {
  useTitle('No such page');
  return html`<div class="stack">
    <h1>There is no page at this address</h1>
    <p>A letter may be missing, or the deck was deleted.</p>
    <p><a href="/">Go to the start</a>, <a href="/study">study</a>, or <a href="/demo">try the lab</a>.</p>
  </div>`;
}
