// Studying in a browser: three cards by keyboard, what an answer shows, answers while the server is away.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startServer, temporaryFolder } from '../web/harness.mjs';
import { openSite } from './harness.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

const cardOn = (page) => page.locator('[data-card]').getAttribute('data-card');

/** Answers the card on the screen by keyboard; resolves when the next one stands there. */
async function answer(page, grade) {
  await page.keyboard.press(' ');
  await page.locator('.grades').waitFor();
  const before = await cardOn(page);
  await page.keyboard.press(grade);
  await page.waitForFunction((id) => (document.querySelector('[data-card]')?.dataset.card ?? id) !== id, before);
}

/** The server's replies as they are, but with this card. */
const deal = (page, card) =>
  page.route('**/api/v1/study/next*', async (route) => {
    const reply = await route.fetch();
    await route.fulfill({ response: reply, json: { ...(await reply.json()), card } });
  });

test('three cards from the home page by keyboard', async () => {
  const page = await site.page();
  await page.goto('/');
  await page.getByRole('link', { name: 'Study', exact: true }).last().waitFor();
  await site.settled(page, 'home');
  await page.keyboard.press('s');
  await page.locator('.stem').waitFor();
  const seen = [await cardOn(page)];
  for (const grade of ['3', '1', '4']) {
    await answer(page, grade);
    seen.push(await cardOn(page));
  }
  assert.equal(new Set(seen).size, 4, 'four different cards');
  await page.waitForFunction(() => localStorage.getItem('flashlab.outbox') === '[]');
  const { json } = await site.server.get('/api/v1/study/next');
  assert.equal(json.counts.total - json.counts.new, 3, 'the server has the three answers');
  assert.equal(page.url(), `${site.server.url}/study`);
  await page.goBack();
  await page.getByRole('heading', { name: /due|new/ }).waitFor();
  assert.deepEqual(page.faults, []);
});

test('a single choice shows what is right, what was chosen and why the others are wrong', async () => {
  const { json } = await site.server.get('/api/v1/decks/builtin/cards?algorithm=linear-learner');
  const single = json.cards.find((c) => c.type === 'single');
  const page = await site.page({ width: 390, dark: true });
  await deal(page, single);
  await page.goto('/study');
  await page.locator('button.option').first().waitFor();
  await site.settled(page, 'study-single-390-dark');
  const wrong = single.key === 0 ? 1 : 0;
  await page.keyboard.press(String(wrong + 1));
  await page.locator('.judged.right').waitFor();
  assert.match(await page.locator('.judged').nth(single.key).innerText(), /right/);
  assert.match(await page.locator('.judged').nth(wrong).innerText(), /wrong, your choice/);
  assert.equal(await page.locator('.why').count(), single.options.filter((o) => o.why).length);
  assert.equal(await page.locator('.explanation').innerText(), single.explanation.split(' — ')[1]);
  assert.equal(
    await page
      .locator('.grade-fitting')
      .innerText()
      .then((t) => /Again/.test(t)),
    true,
  );
  await site.settled(page, 'study-single-answer-390-dark');
});

test('the explanation is shown where it says more than the answer, and then only what is more', async () => {
  const { json } = await site.server.get('/api/v1/decks/builtin/cards?algorithm=linear-learner');
  const recall = (words) => json.cards.find((c) => c.type === 'recall' && c.stem.includes(words));
  const cards = [
    [recall('What kind of algorithm'), null],
    [recall('Why, or how?'), null],
    [json.cards.find((c) => c.type === 'cloze' && c.stem.includes('the label is the first column')), null],
    [recall('the hyperparameter l1 for'), 'L1 pulls small weights to exactly zero, so it also selects features.'],
    [recall('which values can optimizer take'), /^optimizer = how gradients change the weights: auto, sgd/],
  ];
  for (const [card, more] of cards) {
    const page = await site.page();
    await deal(page, card);
    await page.goto('/study');
    await page.locator('.stem').waitFor();
    await page.keyboard.press(' ');
    await page.locator('.grades').waitFor();
    const shown = page.locator('.explanation');
    if (card.type === 'cloze') await page.getByRole('group', { name: 'Answer: CSV' }).waitFor({ state: 'attached' });
    if (more === null) assert.equal(await shown.count(), 0, card.stem);
    else await shown.getByText(more, typeof more === 'string' ? { exact: true } : {}).waitFor();
    await page.context().close();
  }
});

test('an answer given while the server does not answer is kept and sent once', async () => {
  const page = await site.page();
  await page.goto('/study?algorithm=deepar');
  await page.locator('.stem').waitFor();
  await page.waitForLoadState('networkidle');
  const before = (await site.server.get('/api/v1/study/next?algorithm=deepar')).json.counts;
  await page.route('**/api/v1/**', (route) => route.abort());
  await answer(page, '3');
  await page.getByText('1 answer not saved yet').waitFor();
  assert.equal(await page.evaluate(() => JSON.parse(localStorage.getItem('flashlab.outbox')).length), 1);
  page.faults.length = 0; // the browser reports the refused connection itself
  await page.unroute('**/api/v1/**');
  await page.reload();
  await page.waitForFunction(() => localStorage.getItem('flashlab.outbox') === '[]');
  const now = (await site.server.get('/api/v1/study/next?algorithm=deepar')).json.counts;
  assert.equal(now.new, before.new - 1);
  assert.deepEqual(page.faults, []);
});

test('two tabs go on after an outage, whichever of them sends the answers', async () => {
  const data = await temporaryFolder();
  let server = await startServer({ data });
  const first = await site.page();
  const tabs = [first, await first.context().newPage()];
  for (const tab of tabs) {
    await tab.goto(`${server.url}/study`);
    await tab.locator('.stem').waitFor();
    await tab.waitForLoadState('networkidle');
  }
  await server.stop('SIGKILL');
  for (const tab of tabs) {
    await answer(tab, '3');
    await tab.keyboard.press(' ');
    await tab.locator('.grades').waitFor();
    await tab.keyboard.press('3');
    await tab.getByText('The next card has not come').waitFor();
  }
  server = await startServer({ data, listen: `127.0.0.1:${server.port}` });
  await tabs[1].getByRole('button', { name: 'Try now' }).click({ timeout: 2000 }).catch(() => {}); // unless it has by itself
  for (const tab of tabs) {
    await tab.locator('.stem').waitFor();
    await tab.getByText('not saved yet').waitFor({ state: 'detached' });
  }
  const { json } = await server.get('/api/v1/reviews');
  assert.equal(json.reviews.length, 4);
  await server.stop();
  await rm(data, { recursive: true });
});

test('a card of own notes without a demo shows no link to one', async () => {
  const notes = 'My topic - Input\nRecords are read one after the other\nLines end with a semicolon';
  const { json } = await site.server.post('/api/v1/decks', { notes, title: 'Elsewhere' });
  const page = await site.page();
  await page.goto(`/study?deck=${json.deck.id}`);
  await page.locator('.stem').waitFor();
  await page.keyboard.press(' ');
  await page.locator('.grades').waitFor();
  assert.equal(await page.locator('.card-foot').getByRole('link').count(), 0);
  assert.doesNotMatch(await page.locator('.card-foot').innerText(), /Demo|undefined/);
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  assert.doesNotMatch(await page.getByRole('dialog').innerText(), /demo/);
  await page.goto(`/deck/${json.deck.id}`);
  await page.locator('.entry').first().waitFor();
  assert.doesNotMatch(await page.locator('.entry').first().innerText(), /Demo|undefined/);
  await site.settled(page, 'deck-own');
});

test('home, study and notes say in the same words what is due; a card in its step is not', async () => {
  const server = await startServer();
  const page = await site.page();
  const { json } = await server.get('/api/v1/study/next');
  await server.post('/api/v1/reviews', { id: crypto.randomUUID(), card: json.card.id, grade: 2 });
  await page.goto(`${server.url}/notes`);
  await page.locator('.deck-row').first().waitFor();
  const { decks } = (await server.get('/api/v1/decks')).json;
  const number = (field) => decks.reduce((all, deck) => all + deck[field], 0);
  assert.ok(number('learning') > 0);
  const words = (due, fresh) => [due && `${due} due`, fresh && `${fresh} new`].filter(Boolean).join(' · ');
  for (const [i, deck] of decks.entries())
    assert.ok((await page.locator('.deck-row').nth(i).innerText()).includes(`, ${words(deck.due, deck.new)}`));
  await page.goto(`${server.url}/`);
  await page.getByRole('heading', { level: 1, name: words(number('due'), number('new')), exact: true }).waitFor();
  await page.goto(`${server.url}/study`);
  await page.locator('.study-line').getByText(words(number('due'), number('new')), { exact: true }).waitFor();
  await server.stop();
});

test('space on an answered card does not scroll the page', async () => {
  const page = await site.page();
  await page.setViewportSize({ width: 390, height: 300 });
  await page.goto('/study');
  await page.locator('.stem').waitFor();
  const free = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight - scrollY);
  for (let press = 0; press < 3; press++) await page.keyboard.press(' ');
  await page.locator('.grades').waitFor();
  assert.ok((await free()) > 0, 'the page could scroll');
  const prevented = page.evaluate(
    () => new Promise((tell) => addEventListener('keydown', (event) => setTimeout(() => tell(event.defaultPrevented)))),
  );
  await page.evaluate(() => document.querySelector('.answer').focus());
  await page.keyboard.press(' ');
  assert.equal(await prevented, true);
  assert.equal(await page.evaluate(() => scrollY), 0);
});

test('a deck deleted in mid-study is said to be gone', async () => {
  const notes = 'My topic - Input\nRecords are read one after the other\nLines end with a semicolon\nFiles are small';
  const { json } = await site.server.post('/api/v1/decks', { notes, title: 'Short-lived' });
  const page = await site.page();
  await page.goto(`/study?deck=${json.deck.id}`);
  await page.locator('.stem').waitFor();
  await page.waitForLoadState('networkidle');
  await site.server.send('DELETE', `/api/v1/decks/${json.deck.id}`);
  await page.keyboard.press(' ');
  await page.locator('.grades').waitFor();
  await page.keyboard.press('3');
  await page.getByText('This deck is gone').waitFor();
  assert.match(await page.locator('#app > .notice').innerText(), /Its card is gone: the deck was deleted/);
  assert.doesNotMatch(await page.locator('.study-line').innerText(), /due|new/, 'nobody knows');
  page.faults.length = 0; // the browser reports the statuses itself
  await site.settled(page, 'study-deck-gone');
  await page.getByRole('link', { name: 'See what else is due' }).click();
  await page.getByRole('heading', { level: 1, name: /due|new/ }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
});

test('the keys sheet lists what can be pressed; the theme button turns the page dark', async () => {
  const page = await site.page();
  await page.goto('/study');
  await page.locator('.stem').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('show the answer').waitFor();
  await site.settled(page, 'keys');
  await page.keyboard.press('Escape');
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.getByRole('button', { name: 'Dark theme' }).click();
  assert.notEqual(await paper(), light);
  await page.reload();
  await page.locator('.stem').waitFor();
  assert.notEqual(await paper(), light, 'remembered');
  await site.settled(page, 'study-dark');
});
