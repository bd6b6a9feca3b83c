// Opens the pages of the real server in Chromium.
//
//   const site = await openSite();                                  // a server with its own data, a browser
//   const page = await site.page({ width: 390, dark: true });       // page.faults: errors the page met
//   await site.settled(page, 'home');                               // no errors, no sideways scroll, axe finds nothing
//   await until(async () => ..., 'the curve moves');              // what comes with a later frame
//   await site.close();
//
// SHOTS=folder writes a picture at every `settled`.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { startServer } from '../web/harness.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE = 90_000; // ms: a machine that does much else is slow, and nothing here is about speed
const HEIGHTS = { 390: 844, 1280: 800, 1920: 1080 };

export async function openSite(options) {
  const server = await startServer(options);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS, timeout: PATIENCE });
  return {
    server,
    page: (look) => newPage(browser, server.url, look),
    settled,
    close: () => Promise.all([browser.close(), server.stop()]),
  };
}

async function newPage(browser, baseURL, { width = 1280, dark = false } = {}) {
  const context = await browser.newContext({
    baseURL,
    viewport: { width, height: HEIGHTS[width] },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    hasTouch: width < 720,
    bypassCSP: false,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.stack ?? String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.faults.push(`${message.text()} ${message.location().url}`);
  });
  return page;
}

/** What must hold of every page at rest. */
async function settled(page, name) {
  if (process.env.SHOTS) {
    await mkdir(process.env.SHOTS, { recursive: true });
    await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`), fullPage: true });
  }
  assert.deepEqual(page.faults, [], `${name}: errors on the page`);
  const wide = () => document.documentElement.scrollWidth - innerWidth;
  await page.waitForFunction(`(${wide})() <= 0`, null, { timeout: 10_000 }).catch(() => {}); // charts follow a new width a frame later
  const sideways = await page.evaluate(wide);
  assert.ok(sideways <= 0, `${name}: ${sideways} px wider than the screen`);
  assert.deepEqual(await violations(page), [], `${name}: axe`);
}

/** axe runs in the page through the debugger, which the page's content policy does not concern. */
async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) {
    const { readFile } = await import('node:fs/promises');
    await page.evaluate(await readFile(axe, 'utf8'));
  }
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map(
    (v) =>
      `${v.id}: ${v.help}: ${v.nodes
        .map((n) => n.target.join(' '))
        .slice(0, 3)
        .join(' | ')}`,
  );
}

/** Waits until a check holds; what it says when it never does. */
export async function until(check, says) {
  const end = Date.now() + PATIENCE;
  while (!(await check())) {
    assert.ok(Date.now() < end, says);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** The pixels of an element's canvas as one text, to see whether a picture changed. */
export const pixels = (locator) =>
  locator.evaluate((el) => (el instanceof HTMLCanvasElement ? el : el.querySelector('canvas')).toDataURL());
