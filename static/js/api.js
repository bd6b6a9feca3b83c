// The server's JSON. Every failure is an ApiError whose message is a sentence for the reader.
import { useCallback, useEffect, useState } from 'preact/hooks';

export class ApiError extends Error {
  constructor(message, { code = 'unknown', status = 0, field = null } = {}) {
    super(message);
    Object.assign(this, { code, status, field });
  }
  /** Worth trying again as it is: nobody answered, or the server had no room. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export function call(method, path, body) {
  if (body === undefined) return send(method, path);
  return send(method, path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
}

/** A body of any kind, with its own headers; the answer is JSON all the same. */
export async function send(method, path, { body, headers } = {}) {
  let reply, text;
  try {
    reply = await fetch(`/api/v1${path}`, { method, body, headers: { accept: 'application/json', ...headers } });
    text = await reply.text();
  } catch {
    throw new ApiError('The server does not answer. Is it still running, and are you connected?', { code: 'offline' });
  }
  const data = parse(text);
  if (reply.ok && (data !== null || reply.status === 204)) return data;
  const error = data?.error ?? {};
  const message = error.message ?? `The server answered ${reply.status} without a reason.`;
  throw new ApiError(message, { code: error.code, status: reply.status, field: error.field });
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);

/** "?a=1&b=2" of what is set. */
export function queryOf(values) {
  const set = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return set.length ? `?${new URLSearchParams(set)}` : '';
}

const remembered = new Map();
/** A GET whose answer does not change while the server runs (the catalogue): asked once. */
export function getOnce(path) {
  if (!remembered.has(path)) {
    const answer = get(path);
    answer.catch(() => remembered.delete(path));
    remembered.set(path, answer);
  }
  return remembered.get(path);
}

/** {data, error, again}: loads when a dependency changes; what was shown stays until the new answer is there. */
export function useLoad(load, dependencies) {
  const [state, setState] = useState({ data: null, error: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    load().then(
      (data) => current && setState({ data, error: null }),
      (error) => current && setState((before) => ({ data: before.data, error })),
    );
    return () => (current = false);
  }, [...dependencies, turn]);
  return { ...state, again: useCallback(() => setTurn((n) => n + 1), []) };
}
