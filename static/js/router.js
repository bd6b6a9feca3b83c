// Real addresses: a table of routes, history, and links that do not reload. The query is the state of a page.
import { cell } from './state.js';

export const routes = [
  { path: '/', load: () => import('./view/home.js') },
  { path: '/study', load: () => import('./view/study.js') },
  { path: '/deck/:id', load: () => import('./view/deck.js') },
  { path: '/notes', load: () => import('./view/notes.js') },
  { path: '/demo', load: () => import('./view/lab.js') },
  { path: '/demo/:algorithm', load: () => import('./view/demo.js') },
  { path: '/demo/:algorithm/:experiment', load: () => import('./view/experiment.js') },
];
const missing = { path: '*', load: () => import('./view/missing.js') };

const here = () => ({ path: location.pathname, query: new URLSearchParams(location.search) });
export const place = cell(here());

export function matchRoute(path) {
  const parts = path.replace(/\/+$/, '').split('/');
  for (const route of routes) {
    const wanted = route.path.replace(/\/$/, '').split('/');
    if (wanted.length !== parts.length) continue;
    const params = {};
    const fits = wanted.every((part, i) => {
      if (!part.startsWith(':')) return part === parts[i];
      params[part.slice(1)] = decode(parts[i]);
      return parts[i] !== '';
    });
    if (fits) return { route, params };
  }
  return { route: missing, params: {} };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Loads the view of a route once; `route.view` holds it afterwards, so that a second visit is drawn at once. */
export async function loadView(route) {
  route.view ??= (await route.load()).default;
  return route.view;
}

export function navigate(url, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  if (!replace) scrollTo(0, 0);
  place.set(here());
}

/** Writes the page's state into the address without a new entry in the history; empty values leave it. */
export function setQuery(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  if (text !== location.search.slice(1)) navigate(location.pathname + (text ? `?${text}` : ''), { replace: true });
}

function ownLink(event) {
  const link = event.target.closest?.('a[href]');
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return null;
  return /^\/(api|a)\//.test(link.pathname) ? null : link;
}

export function startRouter() {
  addEventListener('popstate', () => place.set(here()));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const link = ownLink(event);
    if (!link || (link.hash && link.pathname === location.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  });
  document.addEventListener('pointerover', (event) => {
    const link = ownLink(event);
    if (link) loadView(matchRoute(link.pathname).route).catch(() => {}); // shown again, with its reason, on the click
  });
}
