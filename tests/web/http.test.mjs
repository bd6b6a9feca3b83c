// The server from outside: what it refuses, what it keeps open, how it sends files, how it starts and stops.
import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { run, sleep, startServer, temporaryFolder } from './harness.mjs';

let server;
let slow; // a body that drips, started first because it is cut after ten seconds only
before(async () => {
  server = await startServer();
  slow = dripBody();
});
after(async () => {
  const { code, log } = await server.stop();
  assert.equal(code, 0, log);
  assert.ok(!/Sanitizer|runtime error/.test(log), log);
});

const host = () => `Host: 127.0.0.1:${server.port}\r\n`;
const request = (line, headers = '', body = '') => `${line}\r\n${host()}${headers}\r\n${body}`;

async function dripBody() {
  const began = Date.now();
  const drops = Array.from({ length: 60 }, () => [400, 'x']).flat();
  const head = `POST /api/v1/notes/check HTTP/1.1\r\n${host()}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n`;
  const reply = await server.raw([head, ...drops], { wait: 20000 });
  return { ...reply, seconds: (Date.now() - began) / 1000 };
}

describe('refused before any handler sees it', () => {
  const get = 'GET /healthz HTTP/1.1';
  const post = 'POST /api/v1/notes/check HTTP/1.1';
  const json = 'Content-Type: application/json\r\n';
  const many = (n) => Array.from({ length: n }, (_, i) => `X-${i}: 1\r\n`).join('');
  const cases = [
    ['length and chunks together', () => request(post, `${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n`, '{}'), 400],
    ['two lengths', () => request(post, `${json}Content-Length: 2\r\nContent-Length: 2\r\n`, '{}'), 400],
    ['a length that is no number', () => request(post, `${json}Content-Length: 2x\r\n`, '{}'), 400],
    ['a length with a sign', () => request(post, `${json}Content-Length: +2\r\n`, '{}'), 400],
    ['a negative length', () => request(post, `${json}Content-Length: -2\r\n`, '{}'), 411],
    ['a length beyond 64 bits', () => request(post, `${json}Content-Length: 99999999999999999999999\r\n`, '{}'), 400],
    ['an unknown transfer coding', () => request(post, `${json}Transfer-Encoding: gzip\r\n`, '{}'), 400],
    ['the identity transfer coding', () => request(post, `${json}Transfer-Encoding: identity\r\n`, '{}'), 400],
    ['chunks', () => request(post, `${json}Transfer-Encoding: chunked\r\n`, '2\r\n{}\r\n0\r\n\r\n'), 411],
    ['no Host', () => `${get}\r\n\r\n`, 400],
    ['two Hosts', () => request(get, host()), 400],
    ['the Host of somebody else', () => `${get}\r\nHost: evil.example:${server.port}\r\n\r\n`, 421],
    ['a Host with another port', () => `${get}\r\nHost: 127.0.0.1:1\r\n\r\n`, 421],
    ['a Host that begins like ours', () => `${get}\r\nHost: 127.0.0.1:${server.port}.evil.example\r\n\r\n`, 421],
    ['%00 in the address', () => request('GET /healthz%00.txt HTTP/1.1'), 400],
    ['%0d%0a in the address', () => request('GET /healthz%0d%0aX:%20y HTTP/1.1'), 400],
    ['%0a in the query', () => request('GET /healthz?a=%0a HTTP/1.1'), 400],
    ['a control byte in the address', () => request('GET /health\x01z HTTP/1.1'), 400],
    ['broken percent-encoding', () => request('GET /study/%zz HTTP/1.1'), 400],
    ['a cut percent-encoding', () => request('GET /study/%4 HTTP/1.1'), 400],
    ['UTF-8 in the overlong form', () => request('GET /study/%c0%af HTTP/1.1'), 400],
    ['a raw byte above 127', () => request('GET /study/\xff HTTP/1.1'), 400],
    ['a backslash', () => request('GET /a/x/..\\..\\etc HTTP/1.1'), 400],
    ['an absolute address', () => request(`GET http://127.0.0.1:${server.port}/healthz HTTP/1.1`), 400],
    ['an address of 4097 bytes', () => request(`GET /${'a'.repeat(4096)} HTTP/1.1`), 414],
    ['61 headers', () => request(get, many(60)), 431],
    ['a header behind the 64th', () => request(get, many(70)), 431],
    ['a folded header', () => request(get, 'X-A: 1\r\n b: 2\r\n'), 400],
    ['a folded header at the end', () => `${get}\r\n${host()}X-A: 1\r\n\tContent-Length: 2\r\n\r\n`, 400],
    ['a space before the colon', () => request(get, 'X-A : 1\r\n'), 400],
    ['a line without CR', () => `${get}\r\n${host()}X-A: 1\nX-B: 2\r\n\r\n`, 400],
    ['a method of WebDAV', () => request('PROPFIND / HTTP/1.1'), 405],
    ['CONNECT', () => request('CONNECT /healthz HTTP/1.1'), 405],
    ['TRACE', () => request('TRACE /healthz HTTP/1.1'), 400],
    ['an invented method', () => request('BREW /healthz HTTP/1.1'), 400],
    ['HTTP/0.9', () => 'GET /healthz\r\n\r\n', 400],
    ['HTTP/2 without an upgrade', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/3.0', () => request('GET /healthz HTTP/3.0'), 505],
    ['headers of more than 16 KB', () => request(get, `X-A: ${'a'.repeat(17000)}\r\n`), 400],
    ['an expectation that cannot be met', () => request(post, `${json}Content-Length: 2\r\nExpect: tea\r\n`, '{}'), 417],
    ['a page of another origin', () => request(post, `${json}Origin: http://evil.example\r\nContent-Length: 2\r\n`, '{}'), 403],
    ['another port of this machine', () => request(post, `${json}Origin: http://127.0.0.1:1\r\nContent-Length: 2\r\n`, '{}'), 403],
    ['an opaque origin', () => request(post, `${json}Origin: null\r\nContent-Length: 2\r\n`, '{}'), 403],
  ];
  for (const [name, text, status] of cases)
    test(name, async () => {
      const reply = await server.raw(text());
      assert.equal(reply.status, status, reply.text.slice(0, 200));
      assert.ok(reply.closed, 'the connection must end');
      assert.match(reply.text, /^connection: close\r$/im);
      assert.equal(typeof JSON.parse(reply.text.slice(reply.text.indexOf('\r\n\r\n') + 4)).error.message, 'string');
    });

  test('nothing that follows a refused request is read as a request', async () => {
    const smuggled = request('GET /healthz HTTP/1.1');
    const reply = await server.raw(request(post, `${json}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${smuggled}`));
    assert.equal(reply.text.match(/HTTP\/1\.1 /g).length, 1);
  });
  test('a preflight gets no permission', async () => {
    const reply = await server.send('OPTIONS', '/api/v1/reviews', {
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(reply.status, 204);
    assert.equal(reply.headers.get('access-control-allow-origin'), null);
    assert.match(reply.headers.get('allow'), /POST/);
  });
  test('garbage', async () => {
    const reply = await server.raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n');
    assert.ok(reply.closed);
  });
});

describe('bodies', () => {
  const notes = { notes: 'Linear Learner - Input\n- CSV\n' };
  const check = (body, headers = {}) =>
    server.send('POST', '/api/v1/notes/check', { body, headers: { 'content-type': 'application/json', ...headers } });

  test('a JSON body is read, also from our own origin and with a charset', async () => {
    const reply = await check(JSON.stringify(notes), {
      origin: server.url,
      'content-type': 'application/json; charset=UTF-8',
    });
    assert.equal(reply.status, 200, reply.text);
  });
  test('a large body is read whole', async () => {
    const large = { notes: `Linear Learner - Input\n${'- CSV is one of the formats it takes\n'.repeat(20000)}` };
    const reply = await check(JSON.stringify(large));
    assert.equal(reply.status, 200, reply.text.slice(0, 200));
  });
  for (const depth of [65, 900, 200000])
    test(`nested ${depth} deep is refused, and nobody crashes`, async () => {
      const reply = await check(`${'['.repeat(depth)}${']'.repeat(depth)}`);
      assert.equal(reply.status, 400);
      assert.match(reply.json.error.message, /nested/);
    });
  test('brackets inside a text do not count', async () => {
    assert.equal((await check(JSON.stringify({ notes: `${notes.notes}- \\"${'['.repeat(200)}\n` }))).status, 200);
  });
  const broken = [
    ['empty', ''],
    ['cut', '{"notes":"a'],
    ['followed by something', '{"notes":"a"} x'],
    ['a raw control character in a text', '{"notes":"a\u0001"}'],
    ['a NUL by escape', '{"notes":"a\\u0000b"}'],
    ['a NUL byte', '{"notes":"a"}\0'],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['half a surrogate', '{"notes":"\\ud800"}'],
  ];
  for (const [name, body] of broken)
    test(`JSON that is ${name}`, async () => {
      const reply = await check(body);
      assert.equal(reply.status, 400, reply.text);
      assert.equal(reply.json.error.code, 'invalid_json');
    });
  test('without its content type, or with another', async () => {
    assert.equal((await server.send('POST', '/api/v1/notes/check', { body: '{}' })).status, 415);
    assert.equal((await check('{}', { 'content-type': 'application/json; charset=latin1' })).status, 415);
  });
  test('an unknown field is named, wherever a body is taken', async () => {
    const bodies = { runs: { algorithm: 'linear-learner' }, decks: notes, reviews: {}, 'notes/check': notes };
    for (const [name, body] of Object.entries(bodies)) {
      const { status, json } = await server.post(`/api/v1/${name}`, { ...body, hyperparameter: { epochs: 1 } });
      assert.deepEqual([status, json.error.code, json.error.field], [400, 'unknown_field', 'hyperparameter'], name);
      const long = await server.post(`/api/v1/${name}`, { ...body, ['ä'.repeat(1000)]: 1 });
      assert.deepEqual([long.status, long.json.error.code], [400, 'unknown_field'], name);
    }
  });
  test('a body that is no object is refused, naming the fields', async () => {
    for (const body of ['[]', 'null', '7', '"notes"']) {
      const { status, json } = await server.send('POST', '/api/v1/decks', { body, headers: { 'content-type': 'application/json' } });
      assert.deepEqual([status, json.error.code], [400, 'invalid_body'], body);
      assert.match(json.error.message, /must be a JSON object with the fields notes, title\.$/);
    }
  });
  test('a missing field is named', async () => {
    const reply = await server.post('/api/v1/reviews', {});
    assert.equal(reply.status, 400);
    assert.equal(reply.json.error.field, 'id');
  });
  test('too large: refused at once, and the client can read why although it goes on sending', async () => {
    const head = request('POST /api/v1/reviews HTTP/1.1', 'Content-Type: application/json\r\nContent-Length: 3000000\r\n');
    const reply = await server.raw([head, ...Array(30).fill('x'.repeat(100000))]);
    assert.equal(reply.status, 413);
    assert.match(reply.text, /body_too_large/);
    assert.ok(reply.closed);
  });
  test('Expect: 100-continue is answered', async () => {
    const body = JSON.stringify(notes);
    const head = `Content-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${body.length}\r\n`;
    const reply = await server.raw([request('POST /api/v1/notes/check HTTP/1.1', head), 900, body]);
    assert.match(reply.text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });
  test('a body nobody asked for ends the connection, not the server', async () => {
    const reply = await server.raw(request('GET /healthz HTTP/1.1', 'Content-Length: 5\r\n', 'GET /'));
    assert.equal(reply.status, 200);
    assert.ok(reply.closed);
  });
  test('a client that leaves in the middle of its body harms nobody', async () => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write(request('POST /api/v1/notes/check HTTP/1.1', 'Content-Type: application/json\r\nContent-Length: 5000\r\n', '{'));
    await sleep(50);
    socket.destroy();
    assert.equal((await server.get('/healthz')).status, 200);
  });
});

describe('connections', () => {
  test('one connection carries many requests, also sent ahead', async () => {
    const reply = await server.raw([request('GET /healthz HTTP/1.1').repeat(2), 50, request('GET /healthz HTTP/1.1', 'Connection: close\r\n')]);
    assert.equal(reply.text.match(/HTTP\/1\.1 200 OK/g).length, 3);
    assert.equal(reply.text.match(/^connection: keep-alive\r\nkeep-alive: timeout=3\r$/gim).length, 2);
    assert.ok(reply.closed);
  });
  test('a body that was read leaves the connection open', async () => {
    const body = '{"notes":"A - B\\n- c"}';
    const post = request('POST /api/v1/notes/check HTTP/1.1', `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body);
    const reply = await server.raw([post, post, request('GET /healthz HTTP/1.1', 'Connection: close\r\n')]);
    assert.equal(reply.text.match(/HTTP\/1\.1 200 OK/g).length, 3);
  });
  test('HTTP/1.0 closes unless asked to stay', async () => {
    assert.ok((await server.raw(request('GET /healthz HTTP/1.0'))).closed);
  });
  test('an upgrade to WebSocket is not offered', async () => {
    const upgrade = 'Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    const reply = await server.raw(request('GET /healthz HTTP/1.1', upgrade));
    assert.equal(reply.status, 200);
    assert.match(reply.text, /^connection: close\r$/im);
    assert.ok(reply.closed);
  });
});

describe('addresses', () => {
  test('health', async () => {
    const { status, json, headers } = await server.get('/healthz');
    assert.equal(status, 200);
    assert.equal(json.status, 'ok');
    assert.ok(json.uptime_s > 0);
    assert.deepEqual(Object.keys(json.runs), ['running', 'queued']);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  });
  test('localhost is us too', async () => {
    assert.equal((await server.raw(`GET /healthz HTTP/1.1\r\nHost: LocalHost:${server.port}\r\nConnection: close\r\n\r\n`)).status, 200);
  });
  test('pages answer the one page; an unknown one with 404, yet as a page', async () => {
    for (const page of ['/', '/study', '/notes', '/demo', '/deck/builtin', '/demo/linear-learner', '/demo/linear-learner/LL-14'])
      assert.equal((await server.get(page)).status, 200, page);
    const lost = await server.get('/no/such/page');
    assert.equal(lost.status, 404);
    assert.match(lost.headers.get('content-type'), /^text\/html/);
    assert.equal(lost.text, (await server.get('/')).text);
  });
  test('an unknown address of the API is a JSON 404', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const reply = await server.send(method, '/api/v1/nothing');
      assert.equal(reply.status, 404);
      assert.equal(reply.json.error.code, 'not_found');
    }
  });
  test('a wrong method names the right ones', async () => {
    const reply = await server.send('DELETE', '/api/v1/decks');
    assert.equal(reply.status, 405);
    assert.equal(reply.headers.get('allow'), 'GET, HEAD, POST, OPTIONS');
    assert.equal((await server.send('PUT', '/study')).status, 405);
  });
  test('no address leads out of the files', async () => {
    for (const path of ['/a/v/../../etc/passwd', '/a/v/..%2f..%2fetc/passwd', '/a/v/%2e%2e/%2e%2e/etc/passwd', '/a/v//etc/passwd', '/../../etc/passwd']) {
      const reply = await server.raw(request(`GET ${path} HTTP/1.1`, 'Connection: close\r\n'));
      assert.equal(reply.status, 404, path);
      assert.ok(!reply.text.includes('root:'), path);
    }
  });
  test('too many query parameters', async () => {
    assert.equal((await server.get(`/api/v1/decks?${'a=1&'.repeat(40)}`)).status, 400);
  });
  test('the description covers what the issue names, and only what is served', async () => {
    const { json } = await server.get('/api/openapi.json');
    assert.match(json.openapi, /^3\./);
    const next = json.paths['/api/v1/study/next'].get;
    assert.deepEqual(next.parameters.map((p) => p.name), ['deck', 'algorithm', 'after']);
    const review = json.paths['/api/v1/reviews'].post.requestBody.content['application/json'].schema;
    assert.deepEqual(review.required, ['id', 'card', 'grade']);
    assert.equal(review.properties.grade.type, 'integer');
    assert.deepEqual(Object.keys(json.paths['/api/v1/runs/{id}']), ['get', 'delete']);
    assert.ok(json.components.schemas.Error);
    for (const [pattern, operations] of Object.entries(json.paths))
      for (const method of Object.keys(operations)) {
        const allow = (await server.send('OPTIONS', pattern.replace(/\{\w+\}/g, 'x'))).headers.get('allow');
        assert.ok(allow.split(', ').includes(method.toUpperCase()), `${method} ${pattern}`);
      }
  });
});

describe('files', () => {
  let version;
  const target = (file) => `/a/${version}/${file}`;
  const file = (headers, method = 'GET') =>
    server.raw(`${method} ${target('vendor/preact.js')} HTTP/1.1\r\n${host()}${headers}Connection: close\r\n\r\n`).then((reply) => {
      const end = reply.text.indexOf('\r\n\r\n');
      const header = (name) => reply.text.slice(0, end).match(new RegExp(`^${name}: (.*)\r?$`, 'im'))?.[1].trim();
      return { ...reply, header, body: Buffer.from(reply.text.slice(end + 4), 'latin1') };
    });
  before(async () => {
    version = (await run(['--version'])).stdout.match(/pages (\w+)/)[1];
  });

  test('the three codings hold the same file, each with an ETag of its own', async () => {
    const plain = await file('');
    const gzip = await file('Accept-Encoding: gzip\r\n');
    const brotli = await file('Accept-Encoding: gzip, deflate, br\r\n');
    assert.equal(plain.header('Content-Encoding'), undefined);
    assert.equal(gzip.header('Content-Encoding'), 'gzip');
    assert.equal(brotli.header('Content-Encoding'), 'br');
    assert.deepEqual(zlib.gunzipSync(gzip.body), plain.body);
    assert.deepEqual(zlib.brotliDecompressSync(brotli.body), plain.body);
    assert.ok(brotli.body.length < gzip.body.length && gzip.body.length < plain.body.length);
    assert.equal(new Set([plain, gzip, brotli].map((reply) => reply.header('ETag'))).size, 3);
    for (const reply of [plain, gzip, brotli]) {
      assert.equal(reply.header('Vary'), 'Accept-Encoding');
      assert.equal(reply.header('Content-Type'), 'text/javascript; charset=utf-8');
      assert.equal(Number(reply.header('Content-Length')), reply.body.length);
      assert.equal(reply.header('Cache-Control'), 'public, max-age=31536000, immutable');
    }
  });
  test('q values are obeyed', async () => {
    assert.equal((await file('Accept-Encoding: br;q=0, gzip\r\n')).header('Content-Encoding'), 'gzip');
    assert.equal((await file('Accept-Encoding: br;q=0.5, gzip;q=0.8\r\n')).header('Content-Encoding'), 'gzip');
    assert.equal((await file('Accept-Encoding: identity;q=0\r\n')).status, 406);
  });
  test('a known ETag is answered 304 without a body', async () => {
    const etag = (await file('Accept-Encoding: br\r\n')).header('ETag');
    for (const header of [etag, `"other", W/${etag}`, '*']) {
      const reply = await file(`Accept-Encoding: br\r\nIf-None-Match: ${header}\r\n`);
      assert.equal(reply.status, 304, header);
      assert.equal(reply.body.length, 0);
      assert.equal(reply.header('ETag'), etag);
    }
    assert.equal((await file(`If-None-Match: ${etag}\r\n`)).status, 200, 'the tag of another coding does not count');
  });
  test('HEAD tells the length and sends nothing', async () => {
    const reply = await file('', 'HEAD');
    assert.equal(reply.status, 200);
    assert.ok(Number(reply.header('Content-Length')) > 1000);
    assert.equal(reply.body.length, 0);
  });
  test('another version is answered, but not kept', async () => {
    const reply = await server.get('/a/0000000000000000/vendor/preact.js');
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('cache-control'), 'no-cache');
  });
  test('the page is checked each time and admits no script but its own', async () => {
    const page = await server.get('/');
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    const policy = page.headers.get('content-security-policy');
    assert.match(policy, /default-src 'self'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.ok(!policy.includes('unsafe'));
    assert.ok(!page.text.includes('{{version}}'));
    const again = await server.get('/', { 'if-none-match': page.headers.get('etag') });
    assert.equal(again.status, 304);
  });
});

describe('a server of its own, with eight workers and the files of a folder', () => {
  let own;
  before(async () => {
    const folder = await temporaryFolder();
    const files = path.join(folder, 'static');
    await mkdir(files);
    await writeFile(path.join(folder, 'secret.txt'), 'not for you');
    await writeFile(path.join(files, '.hidden'), 'not for you');
    await symlink('../secret.txt', path.join(files, 'link.txt'));
    await writeFile(path.join(files, 'a b.js'), 'let a;');
    await writeFile(path.join(files, 'index.html'), '<script type="importmap">{"v":"{{version}}"}</script>');
    own = await startServer({ args: ['--threads', '8', '--static', files] });
  });
  const ask = (line, headers = '', body = '') => `${line}\r\nHost: localhost:${own.port}\r\n${headers}\r\n${body}`;

  test('the page is filled in, and its script may run', async () => {
    const page = await own.get('/study');
    assert.equal(page.text, '<script type="importmap">{"v":"live"}</script>');
    // openssl dgst -sha256 -binary | base64, of the text between the tags
    const hash = "script-src 'self' 'sha256-Lof/0DU6Ei5iftTm9dykORj/HA3Q3EzJ/gj+9S1psU4=';";
    assert.ok(page.headers.get('content-security-policy').includes(hash));
  });
  test('files are read anew each time; libraries come from the program', async () => {
    const script = await own.get('/a/live/a%20b.js');
    assert.equal(script.text, 'let a;');
    assert.equal(script.headers.get('cache-control'), 'no-cache');
    assert.equal((await own.get('/a/live/a%20b.js', { 'if-none-match': script.headers.get('etag') })).status, 304);
    assert.equal((await own.get('/a/live/vendor/preact.js')).status, 200);
  });
  test('nothing beside the folder can be had', async () => {
    const paths = ['../secret.txt', '%2e%2e/secret.txt', '..%2fsecret.txt', 'link.txt', '.hidden', 'x/../../secret.txt', ''];
    for (const file of paths) {
      const reply = await own.raw(ask(`GET /a/live/${file} HTTP/1.1`, 'Connection: close\r\n'));
      assert.equal(reply.status, 404, file);
      assert.ok(!reply.text.includes('not for you'), file);
    }
  });
  test('more connections than workers are all served', async () => {
    const replies = await Promise.all(Array.from({ length: 40 }, () => own.raw(ask('GET /healthz HTTP/1.1'), { wait: 8000 })));
    assert.deepEqual(new Set(replies.map((reply) => reply.status)), new Set([200]));
  });
  test('streams take no worker', async () => {
    const started = await own.post('/api/v1/runs', { algorithm: 'linear-learner', pace: 1 });
    const streams = Array.from({ length: 12 }, () => net.connect(own.port, '127.0.0.1'));
    const heads = streams.map((socket) => new Promise((resolve) => socket.once('data', (bytes) => resolve(String(bytes)))));
    for (const socket of streams) socket.write(ask(`GET /api/v1/runs/${started.json.id}/events HTTP/1.1`));
    for (const head of await Promise.all(heads)) assert.match(head, /^content-type: text\/event-stream\r$/im);
    assert.equal((await own.get('/healthz')).json.watchers, 12);
    for (const socket of streams) socket.destroy();
  });
  test('asked to stop, it finishes the request in flight, ends its streams and does not wait for idle clients', async () => {
    const idle = net.connect(own.port, '127.0.0.1');
    idle.on('error', () => {});
    idle.write(ask('GET /healthz HTTP/1.1'));
    const started = await own.post('/api/v1/runs', { algorithm: 'linear-learner', pace: 1 });
    const stream = await fetch(`${own.url}/api/v1/runs/${started.json.id}/events`);
    const rest = stream.text().catch(() => 'cut');
    const body = JSON.stringify({ notes: 'A - B\n- c' });
    const head = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const reply = own.raw([ask('POST /api/v1/notes/check HTTP/1.1', head), 900, body], { wait: 8000 });
    await sleep(600);
    const { code, log } = await own.stop('SIGINT');
    assert.equal((await reply).status, 200, log);
    assert.equal(code, 0, log);
    assert.ok(!/Sanitizer|runtime error/.test(log), log);
    await rest;
    idle.destroy();
  });
});

describe('the log', () => {
  test('one JSON line per request', async () => {
    await server.get('/healthz?from=log-test');
    await server.raw('nonsense\r\n\r\n');
    for (let i = 0; i < 400 && !server.lines().some((l) => l.status === 400); i++) await sleep(50);
    const lines = server.lines();
    assert.deepEqual(lines.filter((line) => line.event === 'other'), []);
    const line = lines.findLast((l) => l.event === 'request' && l.path === '/healthz');
    assert.deepEqual(Object.keys(line), ['time', 'event', 'method', 'path', 'status', 'ms', 'bytes']);
    assert.equal(line.status, 200);
    assert.ok(Math.abs(Date.parse(line.time) - Date.now()) < 60000);
    assert.ok(lines.some((l) => l.event === 'request' && l.status === 400));
  });
});

describe('starting and stopping', () => {
  const serve = (...args) => run(['serve', '--data', '/dev/null/x', ...args]);

  test('an address others can reach is refused', async () => {
    for (const listen of ['0.0.0.0:8080', '192.168.1.5:8080', '10.0.0.1:80']) {
      const { code, stderr } = await serve('--listen', listen);
      assert.equal(code, 1);
      assert.match(stderr, /no accounts/);
    }
  });
  test('settings that make no sense are named', async () => {
    const cases = [
      [['--listen', 'nowhere'], /--listen/],
      [['--listen', '[::1]:8080'], /IPv4/],
      [['--listen', '127.0.0.1:70000'], /65535/],
      [['--threads', 'many'], /--threads.*'many'/],
      [['--runs', '0'], /--runs/],
      [['--colour'], /no such option/],
      [['--data'], /needs a value/],
    ];
    for (const [args, sentence] of cases) {
      const { code, stderr } = await run(['serve', ...args]);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, sentence);
    }
  });
  test('a port in use is named, with a way out', async () => {
    const { code, stderr } = await run(['serve', '--listen', `127.0.0.1:${server.port}`, '--data', server.data]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${server.port} is in use`));
    assert.match(stderr, /--listen 127\.0\.0\.1:\d+/);
  });
  test('a second server on the same data is refused', async () => {
    const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--data', server.data]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(server.data), stderr);
  });
  test('notes are not imported behind the back of a running server', async () => {
    const { code, stderr } = await run(['import', '-', '--title', 'Mine', '--data', server.data], { input: 'XGBoost - Input\n- CSV\n' });
    assert.equal(code, 1);
    assert.match(stderr, /\/notes/);
  });
  test('cards are counted in words', async () => {
    const data = await temporaryFolder();
    const one = await run(['import', '-', '--title', 'One', '--data', data], { input: 'XGBoost - Input\nXGBoost reads the format CSV\n' });
    assert.match(one.stdout, /^One: 1 card added, 0 kept, 0 hidden\n$/, one.stderr);
    const again = await run(['import', '-', '--title', 'One', '--data', data], { input: 'XGBoost - Input\nXGBoost reads the format CSV\n' });
    assert.match(again.stdout, /^One: 0 cards added, 1 kept, 0 hidden\n$/);
    await rm(data, { recursive: true });
  });
  test('help, version, and no command', async () => {
    assert.match((await run(['--help'])).stdout, /flashlab serve/);
    for (const command of ['serve', 'check', 'import'])
      for (const option of ['--help', '-h']) {
        const { code, stdout, stderr } = await run([command, option]);
        assert.deepEqual([code, stderr], [0, ''], command);
        assert.match(stdout, /flashlab serve/);
      }
    assert.equal((await run([])).code, 1);
    assert.equal((await run(['dance'])).code, 1);
  });
});

test('a body that drips is cut after ten seconds in all', async () => {
  const reply = await slow;
  assert.equal(reply.status, 408, reply.text);
  assert.ok(reply.closed);
  assert.equal((await server.get('/healthz')).status, 200);
});
