// Small things the whole page shares: a value with listeners, preferences kept in this browser, what is said aloud.
import { useEffect, useState } from 'preact/hooks';

/** A value that tells its listeners: `get`, `set`, `listen(f)` returns the function that ends it. */
export function cell(value) {
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useCell(source) {
  const [, redraw] = useState(0);
  useEffect(() => source.listen(() => redraw((n) => n + 1)), [source]);
  return source.get();
}

/** localStorage that never throws: a private window may refuse it, the page then forgets. */
export const keep = {
  read(name) {
    try {
      return localStorage.getItem(`flashlab.${name}`);
    } catch {
      return null;
    }
  },
  write(name, value) {
    try {
      if (value === null) localStorage.removeItem(`flashlab.${name}`);
      else localStorage.setItem(`flashlab.${name}`, value);
      return true;
    } catch {
      return false;
    }
  },
  /** Calls back when another tab has written `name`. */
  listen(name, heard) {
    addEventListener('storage', ({ key }) => (key === null || key === `flashlab.${name}`) && heard());
  },
};

const systemDark = matchMedia('(prefers-color-scheme: dark)');
const themeNow = () => document.documentElement.dataset.theme ?? (systemDark.matches ? 'dark' : 'light');

/** What is drawn on canvas depends on both; charts listen and redraw. */
export const look = cell({ theme: themeNow(), projector: document.documentElement.dataset.projector === '1' });
systemDark.addEventListener('change', () => look.set({ ...look.get(), theme: themeNow() }));

export function toggleTheme() {
  const theme = look.get().theme === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  keep.write('theme', theme);
  look.set({ ...look.get(), theme });
}

export function toggleProjector() {
  const projector = !look.get().projector;
  if (projector) document.documentElement.dataset.projector = '1';
  else delete document.documentElement.dataset.projector;
  keep.write('projector', projector ? '1' : null);
  look.set({ ...look.get(), projector });
}

export const still = matchMedia('(prefers-reduced-motion: reduce)');

/** The live region's text. */
export const spoken = cell('');
export const announce = (text) => spoken.set(text);
