// A box that knows its size in pixels, for what is drawn as SVG or laid out by hand.
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from 'htm/preact';

/** draw({width, height, rem}) -> element; nothing is drawn before the size is known. */
export function Sized({ draw }) {
  const box = useRef(null);
  const [size, setSize] = useState(null);
  useEffect(() => {
    const watcher = new ResizeObserver(([{ contentRect: { width, height } }]) => setSize({ width, height }));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  return html`<div ref=${box} class="sized">${size && draw({ ...size, rem: remNow() })}</div>`;
}

const remNow = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
