// The server: cold start, idle memory, click to first event, requests a second beside nginx, size of the first load.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { median, printTable, range } from './table.mjs';

const BUILD = process.env.FLASHLAB_BUILD ?? 'build';
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flashlab-bench-'));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const freePort = () => new Promise((done) => {
  const probe = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});

const get = (url) => new Promise((done) => {
  http.get(url, { agent: false }, (reply) => {
    let text = '';
    reply.on('data', (chunk) => { text += chunk; });
    reply.on('end', () => done({ status: reply.statusCode, text }));
  }).on('error', () => done(null));
});

// Starts the server on a data folder and resolves when the first page has come, with the milliseconds that took.
async function start(data) {
  const port = await freePort();
  const began = performance.now();
  const child = spawn(`${BUILD}/flashlab`, ['serve', '--listen', `127.0.0.1:${port}`, '--data', data], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  while (!(await get(url))) await sleep(1);
  return { child, url, ms: performance.now() - began };
}

const stop = (server) => new Promise((done) => { server.child.once('exit', done); server.child.kill('SIGTERM'); });
const residentMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function startups() {
  const data = path.join(work, 'start');
  const first = await start(data);
  await stop(first);
  const again = [];
  for (let i = 0; i < 10; i++) {
    const server = await start(data);
    again.push(server.ms);
    await stop(server);
  }
  return { first: first.ms, again };
}

const requestsPerSecond = (url) =>
  Number(/Requests\/sec:\s+([\d.]+)/.exec(spawnSync('wrk', ['-t1', '-c16', '-d3s', url], { encoding: 'utf8' }).stdout)[1]);

// nginx with one worker, serving the same bytes from disk.
async function startNginx(files) {
  const port = await freePort();
  const root = path.join(work, 'nginx');
  fs.mkdirSync(root, { recursive: true });
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(root, name), text);
  fs.chmodSync(work, 0o755);
  const config = path.join(work, 'nginx.conf');
  fs.writeFileSync(config, `worker_processes 1; daemon off; pid ${work}/nginx.pid; error_log ${work}/error.log;
    events { worker_connections 1024; }
    http { access_log off; sendfile on; tcp_nopush on; types { text/css css; application/json json; }
      server { listen 127.0.0.1:${port}; root ${root}; } }`);
  const child = spawn('nginx', ['-c', config, '-p', work], { stdio: 'ignore' });
  while (!(await get(`http://127.0.0.1:${port}/`))) await sleep(10);
  return { child, url: `http://127.0.0.1:${port}` };
}

async function throughput(server) {
  const card = '/api/v1/study/next?deck=builtin';
  const page = await get(`${server.url}/`);
  const style = /href="([^"]*style\.css)"/.exec(page.text)[1];
  const nginx = await startNginx({ 'style.css': (await get(server.url + style)).text, 'card.json': (await get(server.url + card)).text });
  const rows = [['card API', server.url + card, `${nginx.url}/card.json`], ['style.css', server.url + style, `${nginx.url}/style.css`]];
  const results = rows.map(([name, ours, theirs]) => {
    const a = [], b = [];
    for (let i = 0; i < 5; i++) {
      a.push(requestsPerSecond(ours));
      b.push(requestsPerSecond(theirs));
    }
    const ratios = a.map((value, i) => value / b[i]);
    return [name, range(a, 0), range(b, 0), range(ratios, 2)];
  });
  await stop(nginx);
  return results;
}

async function inBrowser(server) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', '--disable-component-update', '--disable-sync'] });
  const load = async (address) => {
    const page = await (await browser.newContext()).newPage();
    const session = await page.context().newCDPSession(page);
    let bytes = 0, files = 0;
    await session.send('Network.enable');
    session.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; files += 1; });
    await page.goto(server.url + address, { waitUntil: 'networkidle' });
    await page.context().close();
    return { bytes, files };
  };
  const home = await load('/'), study = await load('/study'), demo = await load('/demo/linear-learner');

  const clicks = [];
  const page = await browser.newPage();
  await page.addInitScript(() => {
    const Original = window.EventSource;
    window.EventSource = class extends Original {
      constructor(...args) {
        super(...args);
        this.addEventListener('message', (e) => {
          if (window.clickedAt && !window.firstEvent && JSON.parse(e.data).event === 'start') window.firstEvent = performance.now() - window.clickedAt;
        });
      }
    };
    document.addEventListener('click', () => { window.clickedAt = performance.now(); }, true);
  });
  for (let i = 0; i < 10; i++) {
    await page.goto(`${server.url}/demo/linear-learner`, { waitUntil: 'networkidle' });
    await page.getByRole('button', { name: /^start/i }).click();
    await page.waitForFunction(() => window.firstEvent);
    clicks.push(await page.evaluate(() => window.firstEvent));
    await page.getByRole('button', { name: /^stop/i }).click();
    await sleep(300);
  }
  await browser.close();
  return { home, study, demo, clicks };
}

const { first, again } = await startups();
const server = await start(path.join(work, 'start'));
await sleep(2000);
const idle = residentMb(server.child.pid);
const pages = await inBrowser(server);
const peers = await throughput(server);
const after = residentMb(server.child.pid);
await stop(server);
fs.rmSync(work, { recursive: true, force: true });

const kb = ({ bytes, files }) => `${(bytes / 1000).toFixed(1)} KB in ${files} requests`;
printTable('server', ['measure', 'figure', 'goal'], [
  ['first start ever (makes the database and the deck), to first page', `${first.toFixed(0)} ms`, ''],
  ['start with a deck there, to first page, 10 starts', `${range(again, 0)} ms`, 'under 2 s'],
  ['memory resident, idle', `${idle.toFixed(1)} MB`, 'under 30 MB'],
  ['memory resident, after all below', `${after.toFixed(1)} MB`, ''],
  ['click on Start to the trainer\'s first event in the page, 10 clicks', `${range(pages.clicks, 0)} ms`, 'under 150 ms'],
  ['first load of /, compressed, with headers', kb(pages.home), 'under 100 KB'],
  ['first load of /study', kb(pages.study), ''],
  ['first load of /demo/linear-learner', kb(pages.demo), '']]);
console.log();
printTable('requests a second, 16 connections kept alive, 5 rounds in turns', ['what', 'flashlab', 'nginx, 1 worker', 'ratio'], peers);
