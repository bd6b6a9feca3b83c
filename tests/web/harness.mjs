// Starts the real programs for tests from outside.
//
//   const server = await startServer();                  // any free port, a data folder of its own
//   const { status, json } = await server.get('/api/v1/decks');
//   await server.stop();                                 // SIGTERM; the exit status and what it said
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const build = path.resolve(root, process.env.FLASHLAB_BUILD ?? 'build');
export const program = path.join(build, 'flashlab');

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A test that fails before it stops its server must not keep the whole run waiting.
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function temporaryFolder() {
  return mkdtemp(path.join(tmpdir(), 'flashlab-test-'));
}

// Runs a command to its end: { code, signal, stdout, stderr }.
export function run(args, { input = '', env = {}, command = program } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

class Server {
  constructor(child, data, ownsData) {
    Object.assign(this, { child, data, ownsData, output: '', log: '' });
    child.stdout.setEncoding('utf8').on('data', (text) => (this.output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.log += text));
    running.add(child);
    for (const handle of [child, child.stdout, child.stderr]) handle.unref();
    this.ended = new Promise((resolve) =>
      child.on('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      }),
    );
  }

  // The log's lines as objects; what is not JSON (a sanitizer's report) is { event: 'other', text }.
  lines() {
    return this.log.split('\n').filter(Boolean).map((text) => {
      try {
        return JSON.parse(text);
      } catch {
        return { event: 'other', text };
      }
    });
  }

  async send(method, target, { json, body, headers = {}, signal } = {}) {
    const response = await fetch(this.url + target, {
      method,
      signal,
      redirect: 'manual',
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: json === undefined ? body : JSON.stringify(json),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
    return { status: response.status, headers: response.headers, text, json: isJson && text ? JSON.parse(text) : null };
  }

  get(target, headers) {
    return this.send('GET', target, { headers });
  }

  post(target, json, headers) {
    return this.send('POST', target, { json, headers });
  }

  // Writes bytes as they are and returns what came back: { text, status, closed }. `parts` is a text or a list of texts
  // and pauses in ms. Ends when the server closes, or after `wait` ms without a byte.
  raw(parts, { wait = 1500 } = {}) {
    return rawRequest(this.port, parts, wait);
  }

  async stop(signal = 'SIGTERM') {
    for (const handle of [this.child, this.child.stdout, this.child.stderr]) handle.ref();
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const result = await this.ended;
    if (this.ownsData) await rm(this.data, { recursive: true, force: true });
    return { ...result, output: this.output, log: this.log };
  }
}

// Resolves once the server says it is ready; rejects with what it said when it ends before that.
export async function startServer({ data, args = [], env = {}, listen = '127.0.0.1:0' } = {}) {
  const folder = data ?? (await temporaryFolder());
  const child = spawn(program, ['serve', '--listen', listen, '--data', folder, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = new Server(child, folder, data === undefined);
  const until = Date.now() + 90000;
  let ended = null;
  server.ended.then((result) => (ended = result));
  while (!server.output.includes('is ready: ')) {
    if (ended || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`the server did not start (${JSON.stringify(ended)}): ${server.log}`);
    }
    await sleep(5);
  }
  server.url = server.output.match(/is ready: (\S+)/)[1];
  server.port = Number(new URL(server.url).port);
  return server;
}

export function rawRequest(port, parts, wait = 1500) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const chunks = [];
    let done = false;
    const finish = (closed) => {
      if (done) return;
      done = true;
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      resolve({ text, closed, status: Number(text.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? 0) });
    };
    socket.setTimeout(wait, () => finish(false));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => finish(true));
    socket.on('error', (error) => (chunks.length || error.code === 'ECONNRESET' ? finish(true) : reject(error)));
    socket.on('connect', async () => {
      for (const part of [parts].flat()) {
        if (done) return;
        if (typeof part === 'number') await sleep(part);
        else socket.write(Buffer.from(part, 'latin1'));
      }
    });
  });
}

// Asks for a run; resolves to what the server says of it.
export async function start(server, body) {
  const { status, json } = await server.post('/api/v1/runs', body);
  assert.equal(status, 202, JSON.stringify(json));
  return json;
}

// Reads an event stream until it ends, or until `enough(events)`: a list of { id, data }.
export async function watch(server, id, { headers = {}, query = '', enough = () => false } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error('the stream did not end')), 90_000);
  const response = await fetch(`${server.url}/api/v1/runs/${id}/events${query}`, { headers, signal: stop.signal });
  const events = [];
  let text = '';
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const match = text.slice(0, end).match(/^id: (\d+)\ndata: (.*)$/);
        if (match) events.push({ id: Number(match[1]), data: JSON.parse(match[2]) });
        else assert.match(text.slice(0, end), /^:/);
      }
      if (enough(events)) break;
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  return events;
}

// The newest of them.
export const last = (events) => events.at(-1).data;
