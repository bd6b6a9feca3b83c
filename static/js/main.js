// Boot and shell: header, banner, the view of the address, the live region, the sheet of keys.
import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { loadView, matchRoute, place, startRouter } from './router.js';
import { announce, look, spoken, toggleProjector, toggleTheme, useCell } from './state.js';
import { keysInForce, sheetOpen, startKeys, useKeys } from './keys.js';
import { flush, outbox, startOutbox } from './outbox.js';
import { count } from './format.js';
import { Icon, Notice } from './view/parts.js';

const LINKS = [
  ['/study', 'Study'],
  ['/demo', 'Lab'],
  ['/notes', 'Notes'],
];

function Header({ path }) {
  const { theme, projector } = useCell(look);
  const within = (href) => path === href || path.startsWith(`${href}/`);
  return html`<header class="header">
    <a class="brand" href="/" aria-current=${path === '/' ? 'page' : null}>Flashlab</a>
    <nav aria-label="Main">
      ${LINKS.map(([href, text]) => html`<a href=${href} aria-current=${within(href) ? 'page' : null}>${text}</a>`)}
    </nav>
    <div class="header-tools">
      <button class="icon-button wide-only" type="button" aria-pressed=${String(projector)} onClick=${toggleProjector}
        aria-label="Projector size" title="Projector size"><${Icon} name="projector" /></button>
      <button class="icon-button" type="button" aria-pressed=${String(theme === 'dark')} onClick=${toggleTheme}
        aria-label="Dark theme" title=${theme === 'dark' ? 'Light theme' : 'Dark theme'}><${Icon} name="theme" />
          </button>
      <button class="icon-button" type="button" onClick=${() => sheetOpen.set(true)} aria-label="Keys" title="Keys (?)">
        <${Icon} name="question" /></button>
    </div>
  </header>`;
}

function Outbox() {
  const { pending, failing, refused } = useCell(outbox);
  if (refused)
    return html`<${Notice} kind="bad" title="An answer could not be saved">
      ${refused} <button type="button" class="text-button"
        onClick=${() => outbox.set({ ...outbox.get(), refused: null })}>Close</button>
    <//>`;
  if (!failing || !pending) return null;
  return html`<${Notice} kind="wait" title=${`${count(pending, 'answer')} not saved yet`}>
    The server does not answer. They are kept in this browser and sent again on their own.${' '}
    <button type="button" class="text-button" onClick=${flush}>Try now</button>
  <//>`;
}

function KeySheet() {
  const dialog = useRef(null);
  const open = useCell(sheetOpen);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  const close = () => sheetOpen.set(false);
  return html`<dialog class="sheet" ref=${dialog} onClose=${close} aria-labelledby="keys-title">
    <h2 id="keys-title">Keys</h2>
    ${
      open &&
      html`<dl class="keys">
      ${keysInForce().map(({ key, label, help }) => html`<div><dt><kbd>${label ?? [key].flat()[0]}</kbd></dt>
        <dd>${help}</dd></div>`)}
      <div><dt><kbd>tab</kbd></dt><dd>go from control to control; arrow keys move along a chart</dd></div>
    </dl>`
    }
    <button class="button" type="button" onClick=${close}>Close</button>
  </dialog>`;
}

/** The view of the address. While a view's module loads, the one before stays: nothing jumps. */
function useView(at) {
  const { route, params } = matchRoute(at.path);
  const [failed, setFailed] = useState(null);
  const [, redraw] = useState(0);
  const shown = useRef(null);
  useEffect(() => {
    let current = true;
    setFailed(null);
    if (!route.view)
      loadView(route).then(
        () => current && redraw((n) => n + 1),
        (error) => current && setFailed(error),
      );
    return () => (current = false);
  }, [route]);
  if (route.view) shown.current = { View: route.view, params, path: at.path };
  return { ...shown.current, failed };
}

function Shell() {
  const at = useCell(place);
  const { View, params, path, failed } = useView(at);
  const main = useRef(null);
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!path) return;
    if (first.current) first.current = false;
    else {
      main.current.focus({ preventScroll: true });
      announce(document.title);
    }
  }, [path]);
  useKeys([{ key: '?', help: 'show the keys', run: () => sheetOpen.set(true) }]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), main.current.focus())}>To the content</a>
    <${Header} path=${at.path} />
    <${Outbox} />
    <main id="main" class="page" tabindex="-1" ref=${main}>
      ${
        failed &&
        html`<${Notice} kind="bad" title="This page did not load">
        The server does not answer. <button class="text-button" type="button" onClick=${() => location.reload()}>Try again</button>
      <//>`
      }
      ${View && html`<${View} key=${path} ...${params} query=${at.query} />`}
    </main>
    <${Spoken} />
    <${KeySheet} />
  `;
}

function Spoken() {
  return html`<p class="unseen" role="status">${useCell(spoken)}</p>`;
}

startRouter();
startKeys();
startOutbox();
render(html`<${Shell} />`, document.getElementById('app'));
