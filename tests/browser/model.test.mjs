// What a learner does with a model in the browser: asks it, takes it home, and trains on a file of their own. By keyboard.
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openSite } from './harness.mjs';

let site, folder;
before(async () => {
  site = await openSite();
  folder = await mkdtemp(path.join(tmpdir(), 'flashlab-own-'));
});
after(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

const state = (page, status) => page.locator(`.run-state[data-status=${status}]`).first().waitFor();
const press = async (page, locator, key = 'Enter') => {
  await locator.focus();
  await page.keyboard.press(key);
};
const answers = (page) => page.getByRole('table', { name: 'What the model says' });
const cells = (page) => answers(page).locator('tbody tr').evaluateAll((rows) => rows.map((r) => [...r.cells].map((c) => c.innerText)));

/** Class 1 where the first input is above 0; the second says nothing. */
async function ownFile(name, rows) {
  const file = path.join(folder, name);
  const text = Array.from({ length: rows }, (_, i) => {
    const x = ((i * 37) % rows) / rows - 0.5;
    return `${x > 0 ? 1 : 0},${x.toFixed(4)},${i % 7}`;
  });
  await writeFile(file, `${text.join('\n')}\n`);
  return file;
}

test('the model of a finished run answers rows, says what it cannot read, and can be taken home', async () => {
  const page = await site.page();
  await page.goto('/demo/linear-learner?pace=0');
  assert.equal(await page.getByText('Ask the model').count(), 0, 'nothing to ask before a run');
  await press(page, page.getByRole('button', { name: 'Start' }));
  await state(page, 'done');
  const rows = page.getByLabel('Rows as CSV, without the label');
  assert.match(await rows.inputValue(), /^-?\d[\d.]*,-?\d[\d.]*$/, 'a row of the right width to begin with');
  await rows.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('-4,-4\n4,4');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await answers(page).waitFor();
  assert.deepEqual(await answers(page).locator('thead th').allInnerTexts(), ['row', 'score', 'predicted_label']);
  const [first, second] = await cells(page);
  assert.ok(Math.abs(Number(first[1]) - Number(second[1])) > 0.5, `far apart: ${first} and ${second}`);
  assert.notEqual(first[2], second[2]);
  const id = new URL(page.url()).searchParams.get('run');
  const direct = await fetch(`${site.server.url}/api/v1/runs/${id}/invocations`, {
    method: 'POST', body: '-4,-4\n4,4\n', headers: { 'content-type': 'text/csv', accept: 'application/json' } });
  const { predictions } = await direct.json();
  assert.deepEqual([first[2], second[2]], predictions.map((p) => String(p.predicted_label)));
  await site.settled(page, 'model-answers');

  await rows.fill('1,2,3');
  await press(page, page.getByRole('button', { name: 'Predict' }));
  const refusal = page.getByRole('alert').filter({ hasText: 'The model did not answer.' });
  await refusal.waitFor();
  assert.match(await refusal.innerText(), /3 columns.*takes 2/);
  assert.equal(await answers(page).count(), 0, 'an old answer does not stay beside an error');
  page.faults = page.faults.filter((text) => !/status of 400/.test(text)); // the refusal itself

  const download = page.waitForEvent('download');
  await press(page, page.getByRole('link', { name: 'Download the model' }));
  const kept = path.join(folder, 'model.tar.gz');
  await (await download).saveAs(kept);
  assert.ok(gunzipSync(await readFile(kept)).toString('latin1').includes('linear-learner.json'));
  await site.settled(page, 'model-refused');
});

test('own files are trained on, named in the address, and removed again', async () => {
  const page = await site.page();
  await page.goto('/demo/xgboost?pace=0');
  const made = page.getByLabel('made data, with a known truth');
  await made.waitFor();
  assert.equal(await page.getByLabel('validation data', { exact: true }).count(), 0, 'training data come first');
  await page.getByLabel('training data', { exact: true }).setInputFiles(await ownFile('my r\u00f6ws.csv', 200));
  const remove = page.getByRole('button', { name: 'Remove the training data' });
  await remove.waitFor();
  assert.match(await page.locator('.own-file').first().innerText(), /my_r_+ws\.csv\s+2\.\d+ KiB/);
  assert.equal(await made.count(), 0, 'one source of data at a time');
  await page.getByLabel('validation data', { exact: true }).setInputFiles(await ownFile('held-out.csv', 50));
  await page.getByRole('button', { name: 'Remove the validation data' }).waitFor();
  await press(page, page.getByRole('button', { name: 'Start' }));
  await state(page, 'done');
  const id = new URL(page.url()).searchParams.get('run');
  const { text } = await site.server.get(`/api/v1/runs/${id}/events`);
  const start = text.split('\n').filter((l) => l.startsWith('data: ')).map((l) => JSON.parse(l.slice(6))).find((e) => e.event === 'start');
  assert.deepEqual([start.data.rows, start.data.validation_rows], [200, 50]);
  await page.getByLabel('Rows as CSV, without the label').fill('-0.4,3\n0.4,3');
  await press(page, page.getByRole('button', { name: 'Predict' }));
  await answers(page).waitFor();
  const [low, high] = (await cells(page)).map((row) => Number(row[1]));
  assert.ok(low < 0.2 && high > 0.8, `${low} and ${high}`);
  await site.settled(page, 'own-data');

  await page.reload();
  await remove.waitFor();
  await state(page, 'done');
  assert.equal(await page.getByText('These pictures belong to other settings').count(), 0);
  await press(page, remove, 'Space');
  await made.waitFor();
  assert.doesNotMatch(page.url(), /train=|validation=/);
  await page.getByText('These pictures belong to other settings').waitFor();
});

test('a file can be dropped, and one that is no data says where', async () => {
  const page = await site.page({ width: 390 });
  await page.goto('/demo/xgboost?pace=0');
  await page.locator('.drop').waitFor();
  await page.evaluate(() => {
    const held = new DataTransfer();
    held.items.add(new File(['these are,no numbers\n'], 'words.csv'));
    const zone = document.querySelector('.drop');
    for (const type of ['dragover', 'drop']) zone.dispatchEvent(new DragEvent(type, { dataTransfer: held, bubbles: true, cancelable: true }));
  });
  await page.getByRole('button', { name: 'Remove the training data' }).waitFor();
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('.run-error').waitFor();
  assert.match(await page.locator('.run-error').innerText(), /words\.csv, line 1/);
  await site.settled(page, 'own-data-refused-390');
  await page.getByRole('button', { name: 'Remove the training data' }).click();
  await page.getByLabel('training data', { exact: true }).setInputFiles({ name: 'empty.csv', mimeType: 'text/csv', buffer: Buffer.alloc(0) });
  assert.match(await page.locator('.own-data').getByRole('alert').innerText(), /empty/);
});
