// The pictures that the engine sends, in a browser: each has its place before it comes, its table, and its stops for the
// keyboard and the pointer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSite } from './harness.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

const LOOKS = [
  { width: 1280, dark: false },
  { width: 390, dark: true },
];
const figure = (page, title) => page.locator('figure', { has: page.getByText(title, { exact: true }) });
const ended = (page) => page.locator('.run-state[data-status=done]').first().waitFor();
const start = (page) => page.getByRole('button', { name: 'Start' }).click();

/** Opens the table of a figure and returns its rows as lists of texts. */
async function tableOf(page, title) {
  const found = figure(page, title);
  await found.getByText('Table', { exact: true }).click();
  await found.locator('.twin tbody tr').first().waitFor();
  const rows = await found.locator('.twin tr').evaluateAll((all) => all.map((r) => [...r.cells].map((c) => c.innerText)));
  await found.getByText('Table', { exact: true }).click();
  return rows;
}

const RUNS = [
  {
    name: 'models-side-by-side',
    address: '/demo/linear-learner?data=logit_lin&h.num_models=6&h.l1=auto&h.wd=0&pace=0',
    titles: ['Loss', 'Weights, in normalised units', 'ROC and precision-recall', 'Confusion matrix', 'Models side by side', 'Weights along l1'],
  },
  {
    name: 'trees-of-one-feature',
    address: '/demo/xgboost?data=curve1&h.objective=reg:squarederror&h.eval_metric=default&pace=0',
    titles: ['Metric', 'What the model says', 'Trees', 'Residuals', 'Feature importance'],
  },
  {
    name: 'ten-classes',
    address: '/demo/xgboost?data=gauss_mix:d=6,classes=10&h.objective=multi:softprob&h.num_class=10&h.num_round=8&h.eval_metric=default&pace=0',
    titles: ['Metric', 'Trees', 'Confusion matrix', 'Feature importance'],
  },
  {
    name: 'gblinear',
    address: '/demo/xgboost?data=gauss_lin&h.objective=reg:squarederror&h.booster=gblinear&h.max_depth=default&h.eval_metric=default&pace=0',
    titles: ['Metric', 'Residuals', 'Coefficients'],
  },
];

for (const { name, address, titles } of RUNS)
  test(`${name}: every picture has its table and its keys`, async () => {
    const page = await site.page();
    await page.goto(address);
    await start(page);
    await ended(page);
    await figure(page, titles.at(-1)).locator('.picture:not(.picture-empty)').waitFor();
    assert.deepEqual(await page.locator('.figure-title').allInnerTexts(), titles);
    for (const title of titles) {
      const [, first] = await tableOf(page, title);
      assert.ok(first.length > 1, title);
      await figure(page, title).locator('.picture').focus();
      await page.keyboard.press('Home');
      const said = await figure(page, title).locator('.readout').innerText();
      assert.ok(said.includes(', ') && said.includes(first[0]), `${title}: "${said}" is not the row ${first}`);
    }
    await site.settled(page, `${name}-1280`);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await site.settled(page, `${name}-390`);
  });

/** Tops and heights of the pictures' places. */
const places = (page) =>
  page.locator('.pictures').evaluate((grid) =>
    [...grid.querySelectorAll('.picture')].map((el) => {
      const { top, height, width } = el.getBoundingClientRect();
      return [top - grid.getBoundingClientRect().top, height, width].map(Math.round);
    }),
  );

for (const look of LOOKS)
  test(`nothing jumps at ${look.width}: every picture has its place before the run`, async () => {
    const page = await site.page(look);
    await page.goto('/demo/xgboost?pace=0');
    await page.locator('.picture').nth(5).waitFor();
    const before = await places(page);
    await start(page);
    await ended(page);
    await figure(page, 'Feature importance').locator('.bars').waitFor();
    assert.equal(await page.locator('.picture-empty').count(), 0);
    assert.deepEqual(await places(page), before);
  });

test('the newest tree is shown until the reader steps through them', async () => {
  const page = await site.page();
  await page.goto('/demo/xgboost?pace=0.2&h.num_round=1000');
  await start(page);
  const trees = figure(page, 'Trees');
  const round = () => trees.locator('figcaption').innerText();
  await trees.locator('canvas').waitFor();
  const first = await round();
  await page.waitForFunction((text) => !document.body.innerText.includes(text), first.split('\n').pop());
  await trees.getByLabel('tree', { exact: true }).focus();
  await page.keyboard.press('Home');
  assert.match(await round(), /round 1$/);
  await page.waitForTimeout(400);
  assert.match(await round(), /round 1$/, 'it stays');
  await page.keyboard.press('ArrowRight');
  assert.doesNotMatch(await round(), /round 1$/);
  await trees.getByRole('button', { name: 'Follow the newest' }).click();
  const now = await round();
  assert.doesNotMatch(now, /round 1$/);
  await page.waitForFunction((text) => !document.body.innerText.includes(text), now.split('\n').pop());
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.run-state[data-status=stopped]').waitFor();
});

test('curves and cells answer the pointer; the measure of importance can be changed', async () => {
  const page = await site.page();
  await page.goto('/demo/xgboost?pace=0&data=bumps_clf');
  await start(page);
  await ended(page);
  const ranking = figure(page, 'ROC and precision-recall');
  await ranking.locator('canvas').first().hover({ position: { x: 90, y: 60 } });
  assert.match(await ranking.locator('.readout').innerText(), /^threshold .+, false positive rate .+, recall .+, precision/);
  const confusion = figure(page, 'Confusion matrix');
  await confusion.locator('.cell').nth(1).hover();
  assert.match(await confusion.locator('.readout').innerText(), /^label 0, predicted 1, rows [\d,]+, share of the label/);
  const cells = await confusion.locator('.count').allTextContents();
  const [, ...rows] = await tableOf(page, 'Confusion matrix');
  assert.deepEqual(cells, rows.map((r) => r[2]), 'the cells hold what the table says');
  const importance = figure(page, 'Feature importance');
  for (const [column, kind] of ['gain', 'cover', 'weight'].entries()) {
    await importance.getByLabel(kind).check();
    const [, top] = await tableOf(page, 'Feature importance');
    const shown = await importance.locator('.weight').first().innerText();
    assert.ok(shown.includes(top[0]), `${shown} is not of ${top[0]}`);
    const values = (await tableOf(page, 'Feature importance')).slice(1).map((r) => Number(r[column + 1].replaceAll(',', '')));
    assert.deepEqual(values, [...values].sort((a, b) => b - a), `sorted by ${kind}`);
  }
});

test('settings: words are taken, a search finds the rest, what is not read says so', async () => {
  const page = await site.page();
  await page.goto('/demo/xgboost?pace=0');
  await page.locator('#set-eval_metric').fill('auc,logloss');
  assert.equal(await page.getByRole('button', { name: 'Start' }).isDisabled(), false);
  await page.getByText(/more settings/).click();
  await page.getByLabel('find one').fill('rate_drop');
  assert.deepEqual(await page.locator('.rest label code').allInnerTexts(), ['rate_drop']);
  assert.match(await page.locator('#set-rate_drop-note').innerText(), /read only with booster=dart/);
  await page.getByLabel('find one').fill('columns per tree');
  assert.deepEqual(await page.locator('.rest label code').allInnerTexts(), ['colsample_bytree']);
  await page.getByLabel('find one').fill('no such thing');
  await page.getByText('None is called that or says so.').waitFor();
  await site.settled(page, 'settings-search');
  await start(page);
  await ended(page);
  const losses = page.locator('figure').first();
  await losses.getByLabel('logloss').check();
  assert.match(await losses.locator('figcaption').innerText(), /logloss, lower is better/);
  await losses.getByLabel('auc').check();
  assert.match(await losses.locator('figcaption').innerText(), /auc, higher is better/);
  await page.getByLabel('made data, with a known truth').selectOption('curve1');
  assert.equal(await page.locator('#set-objective').inputValue(), 'reg:squarederror', 'the kind of labels decides it');
  assert.equal(await page.locator('#set-eval_metric').inputValue(), '', 'metrics of classes are of no use here');
});

test('a confusion of twenty classes can be read, on a phone too', async () => {
  for (const look of LOOKS) {
    const page = await site.page(look);
    await page.goto('/demo');
    await page.evaluate(async () => {
      const script = document.querySelector('script[type=module]').src;
      const { render, h } = await import('preact');
      const { Confusion } = await import(new URL('chart/confusion.js', script).href);
      const classes = Array.from({ length: 20 }, (_, k) => String(k));
      const counts = classes.map((_, i) => classes.map((__, j) => (i === j ? 90 : (i * 7 + j * 3) % 11)));
      render(h(Confusion, { confusion: { channel: 'validation', classes, counts } }), document.querySelector('main'));
    });
    await page.locator('.cell').nth(399).waitFor();
    const tops = await page.locator('.confusion .class').evaluateAll((all) => all.map((el) => el.getBoundingClientRect()).map((r) => [r.left, r.top, r.right, r.bottom]));
    const overlap = tops.some((a, i) => tops.some((b, k) => k > i && a[0] < b[2] && b[0] < a[2] && a[1] < b[3] - 4 && b[1] < a[3] - 4));
    assert.equal(overlap, false, 'names of classes stand apart');
    await page.locator('.picture').focus();
    await page.keyboard.press('End');
    assert.match(await page.locator('.readout').innerText(), /^label 19, predicted 19, rows 90/);
    await site.settled(page, `confusion-20-${look.width}`);
  }
});
