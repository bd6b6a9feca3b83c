// Pages to read: deck, notes, lab, what is not there, at both widths.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSite, until } from './harness.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

const PAGES = [
  ['home', '/', /\d+ new/],
  ['deck', '/deck/builtin?algorithm=linear-learner', /seven algorithms/],
  ['notes', '/notes', 'Your notes as a deck'],
  ['lab', '/demo', 'Lab'],
  ['playground', '/demo/linear-learner', /Linear Learner/],
  ['experiment', '/demo/linear-learner/LL-14', /Normalise/],
  ['missing', '/nowhere', 'There is no page at this address'],
];

for (const look of [{ width: 1280 }, { width: 390, dark: true }]) {
  test(`every page at ${look.width} px${look.dark ? ', dark' : ''}`, async () => {
    const page = await site.page(look);
    for (const [name, address, heading] of PAGES) {
      const reply = await page.goto(address);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await page.locator('.placeholder').first().waitFor({ state: 'detached' });
      if (reply.status() === 404) page.faults.length = 0; // the browser reports the status itself
      await site.settled(page, `${name}-${look.width}${look.dark ? '-dark' : ''}`);
    }
  });
}

test('large numbers have their commas on home and notes', async () => {
  const page = await site.page();
  const part = { cards: 10047, due: 1204, new: 9944, learning: 0, strong: 6 };
  const deck = { id: 'own', title: 'Own', ...part, algorithms: [{ slug: 'notes', title: 'Notes', ...part }] };
  await page.route('**/api/v1/decks', (route) => route.fulfill({ json: { decks: [deck] } }));
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: '1,204 due · 9,944 new' }).waitFor();
  await page.getByText('10,047 cards in 1 deck.').waitFor();
  const row = page.locator('.row').filter({ hasText: 'Notes' });
  assert.match(await row.innerText(), /6 of 10,047 strong\s+1,204 due/);
  await page.goto('/notes');
  await page.getByText('10,047 cards, 1,204 due · 9,944 new').waitFor();
});

test('the directions of the metrics are known', async () => {
  const page = await site.page();
  await page.goto('/');
  const said = await page.evaluate(async () => {
    const { metric } = await import(document.querySelector('script[type=module]').src.replace('main.js', 'format.js'));
    return ['validation:ndcg', 'validation:dcg', 'test:rmse'].map((name) => metric(name).direction);
  });
  assert.deepEqual(said, ['higher is better', 'higher is better', 'lower is better']);
});

test('the first load of home is small', async () => {
  const page = await site.page();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', (e) => (bytes += e.encodedDataLength));
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: /\d+ new/ }).waitFor();
  await page.waitForLoadState('networkidle');
  assert.ok(bytes > 5000 && bytes < 100_000, `${bytes} bytes`);
});

test("an algorithm's cards by topic, and the way to study them", async () => {
  const page = await site.page();
  await page.goto('/');
  await page.getByRole('link', { name: 'BlazingText: demo' }).waitFor();
  await page.getByRole('link', { name: 'BlazingText: cards' }).click();
  await page.getByRole('heading', { level: 2, name: 'BlazingText' }).waitFor();
  assert.match(page.url(), /\/deck\/builtin\?algorithm=blazingtext$/);
  const all = await page.locator('.entry').count();
  await page.getByLabel('Topic').selectOption({ index: 1 });
  await page.waitForFunction((n) => document.querySelectorAll('.entry').length < n, all);
  assert.match(page.url(), /topic=/);
  const study = page.getByRole('link', { name: 'Study BlazingText' });
  assert.equal(await study.getAttribute('href'), '/study?deck=builtin&algorithm=blazingtext', 'no topic is promised');
  await page.getByLabel('Topic').selectOption({ index: 0 });
  await page.getByRole('link', { name: 'Study these' }).waitFor();
});

test('what can be pressed is 44 px high on a phone', async () => {
  const page = await site.page({ width: 390 });
  await page.route('**/api/v1/**', (route) => route.abort());
  await page.goto('/study');
  const again = page.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  assert.ok((await again.boundingBox()).height >= 44);
});

test('notes: checked line by line, made into a deck, deleted', async () => {
  const page = await site.page();
  await page.goto('/notes');
  const notes = [
    'Own notes',
    'Linear Learner - Input',
    'CSV is supported with the label in the first column',
    'File and Pipe mode both work',
    'DeepAR - Input',
    'Every record needs a start time stamp',
    'Every record needs a target',
    'BlazingTest - Input',
    'One sentence a line',
    'Tokens are separated by spaces',
    'BlazingText - Instances',
    'A single CPU machine is enough for small data',
    'BlazingText - Model',
    'Finds vectors for words',
  ].join('\n');
  await page.getByLabel('Notes').fill(notes);
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByRole('heading', { name: 'What was understood' }).waitFor();
  const { json: report } = await site.server.post('/api/v1/notes/check', { notes });
  const cards = Object.values(report.cards).reduce((a, b) => a + b, 0);
  assert.ok(cards > 0, 'the notes give cards');
  const shown = await page.locator('.numbers dd').allInnerTexts();
  assert.deepEqual(shown, [
    `${report.sections}`,
    `${report.algorithms}`,
    `${report.facts}`,
    `${report.facts_covered} of ${report.facts}`,
    `${cards}`,
  ]);
  assert.equal(
    await page.locator('table.lines').first().locator('tbody tr').count(),
    report.problems.length || report.refusals.length,
  );
  await site.settled(page, 'notes-report');
  await page.getByLabel('Title of the deck').fill('My own deck');
  await page.getByRole('button', { name: 'Make the deck' }).click();
  await page.getByText('The deck “My own deck” is made').first().waitFor();
  await page.getByRole('button', { name: 'Delete My own deck' }).click();
  await site.settled(page, 'notes-made');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete My own deck' }).waitFor({ state: 'detached' });
  const kept = async () => (await site.server.get('/api/v1/decks')).json.decks.map((d) => d.id).join();
  await until(async () => (await kept()) === 'builtin', 'the deck is gone from the server');
});
