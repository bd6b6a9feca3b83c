// The demo of XGBoost in a browser: every picture it sends is drawn, has its table, and can be walked by keyboard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSite, pixels, until } from './harness.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

const CHARTS = ['What the model sees', 'Trees', 'ROC and precision-recall', 'Confusion matrix', 'Feature importance'];

for (const [width, dark] of [[1280, false], [390, true]])
  test(`a demo of trees at ${width}, ${dark ? 'dark' : 'light'}: pictures, tables, keyboard`, async () => {
    const page = await site.page({ width, dark });
    await page.goto('/demo/xgboost?pace=0');
    await page.getByRole('button', { name: 'Start' }).click();
    await page.locator('.run-state[data-status=done]').first().waitFor();
    for (const title of CHARTS) {
      const figure = page.locator('figure', { has: page.getByText(title, { exact: true }) });
      await figure.getByText('Table', { exact: true }).click();
      await figure.locator('.twin tbody tr').first().waitFor();
      await figure.getByText('Table', { exact: true }).click();
    }
    const trees = page.locator('figure', { has: page.getByText('Trees', { exact: true }) });
    const newest = await pixels(trees.locator('.picture'));
    await trees.getByRole('slider').last().focus();
    await page.keyboard.press('Home');
    await trees.getByText('round 1', { exact: true }).waitFor();
    await until(async () => (await pixels(trees.locator('.picture'))) !== newest, 'the first tree is another one');
    const leaves = page.getByRole('row', { name: /^leaves/ });
    assert.match(await leaves.innerText(), /leaves\s+[\d,]+/);
    await site.settled(page, `trees-${width}`);
  });
