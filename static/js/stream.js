// A run's events as they come. The browser's EventSource takes up a broken connection where it was (Last-Event-ID);
// what arrives within a frame is told once.
import { useEffect, useRef, useState } from 'preact/hooks';
import { applyEvent, createRun, finished } from './run.js';
import { get } from './api.js';
import { cell } from './state.js';

/** A cell with the run; `close` ends the connection. */
export function watchRun(id) {
  const run = createRun(id);
  const source = new EventSource(`/api/v1/runs/${encodeURIComponent(id)}/events`);
  const view = cell(run);
  let frame = 0;
  const tell = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      view.set(run);
    });
  };
  source.onopen = () => {
    run.broken = false;
    tell();
  };
  source.onmessage = (message) => {
    try {
      applyEvent(run, JSON.parse(message.data));
    } catch {
      return; // not a line of ours
    }
    if (finished(run)) source.close();
    tell();
  };
  source.onerror = () => {
    if (finished(run)) return;
    run.broken = true;
    if (source.readyState === EventSource.CLOSED) explain(run).then(tell);
    else tell();
  };
  view.close = () => {
    source.close();
    cancelAnimationFrame(frame);
  };
  return view;
}

/** The stream was refused: the run's own page says why. */
async function explain(run) {
  run.broken = false;
  try {
    const known = await get(`/runs/${encodeURIComponent(run.id)}`);
    run.status = finished(known) ? known.status : 'failed';
    run.error = known.error ?? {
      what: 'The events of this run cannot be read.',
      where: 'connection',
      fix: 'Reload the page.',
    };
  } catch (error) {
    run.status = error.status === 404 ? 'gone' : 'failed';
    run.error = { what: error.message, where: 'connection', fix: 'Start it again.' };
  }
}

/** The run of that id, redrawn once per frame; null without an id. */
export function useRun(id) {
  const [view, setView] = useState(null);
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!id) {
      setView(null);
      return undefined;
    }
    const watched = watchRun(id);
    setView(watched);
    const end = watched.listen(() => redraw((n) => n + 1));
    return () => {
      end();
      watched.close();
    };
  }, [id]);
  const run = view?.get() ?? null;
  return run && run.id === id ? run : id ? createRun(id) : null;
}

/** Seconds that a run has taken so far: its newest `time`, and what went by here since that came. */
export function useElapsed(active, time) {
  const [now, setNow] = useState(() => performance.now());
  const newest = useRef({ time, at: now });
  if (newest.current.time !== time) newest.current = { time, at: performance.now() };
  useEffect(() => {
    if (!active) return undefined;
    newest.current.at = performance.now();
    const timer = setInterval(() => setNow(performance.now()), 200);
    return () => clearInterval(timer);
  }, [active]);
  return newest.current.time + Math.max(0, now - newest.current.at) / 1000;
}
