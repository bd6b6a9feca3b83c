// The demos of DeepAR, Seq2Seq and Object2Vec in a browser: what each draws while it learns, its tables and keys, how far
// the reader can go back, and what the model answers.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build, run, temporaryFolder } from '../web/harness.mjs';
import { openSite, pixels, until } from './harness.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

const LOOKS = [
  { width: 1280, dark: false },
  { width: 390, dark: true },
];
const DEMOS = {
  deepar:
    '/demo/deepar?data=season_family:promo=0.1,gaps=0.05&h.time_freq=D&h.prediction_length=14&h.context_length=28&h.epochs=12&h.num_cells=20&h.num_layers=1&pace=0',
  seq2seq:
    '/demo/seq2seq?data=tok_map&h.rnn_num_hidden=32&h.num_embed_source=32&h.num_embed_target=32&h.learning_rate=0.01&h.batch_size=64&h.max_num_epochs=5&h.checkpoint_frequency_num_batches=20&pace=0',
  object2vec:
    '/demo/object2vec?data=shop_small&h.enc0_max_seq_len=1&h.enc1_max_seq_len=1&h.enc0_vocab_size=200&h.enc1_vocab_size=200&h.enc0_network=pooled_embedding&h.enc1_network=pooled_embedding&h.enc0_token_embedding_dim=16&h.enc1_token_embedding_dim=16&h.enc_dim=16&h.mlp_dim=16&h.epochs=8&h.learning_rate=0.01&pace=0',
};
const figure = (page, title) => page.locator('.play-pictures figure', { has: page.getByText(title, { exact: true }) });
const start = (page) => page.getByRole('button', { name: 'Start' }).click();
const ended = (page) => page.locator('.run-state[data-status=done]').first().waitFor();
const noteOf = (page, title) => figure(page, title).locator('figcaption').innerText();
const readout = (page, title) => figure(page, title).locator('.readout').innerText();

async function tableOf(page, title) {
  const found = figure(page, title);
  await found.getByText('Table', { exact: true }).click();
  await found.locator('.twin tbody tr').first().waitFor();
  const rows = await found.locator('.twin tr').evaluateAll((all) => all.map((r) => [...r.cells].map((c) => c.innerText)));
  await found.getByText('Table', { exact: true }).click();
  return rows;
}

/** A number as the table writes it. */
const value = (text) => Number(text.replaceAll(',', '').replace('\u2212', '-'));

/** Tops and sizes of the pictures' places. */
const places = (page) =>
  page.locator('.pictures').evaluate((grid) =>
    [...grid.querySelectorAll('.picture')].map((el) => {
      const { top, height, width } = el.getBoundingClientRect();
      return [top - grid.getBoundingClientRect().top, height, width].map(Math.round);
    }),
  );

/** Runs a demo to its end; what stood before it has its place still. */
async function demo(look, name) {
  const page = await site.page(look);
  await page.goto(DEMOS[name]);
  await page.locator('.picture').nth(1).waitFor();
  const before = await places(page);
  await start(page);
  await ended(page);
  await page.locator('.pictures .picture-empty').waitFor({ state: 'detached' });
  const after = await places(page);
  assert.deepEqual(after, before, 'nothing has moved');
  return page;
}

/** How a picture looks once it does not change any more: a canvas is painted in a frame after its data came. */
async function still(look) {
  let last, same = 0;
  await until(async () => {
    const now = await look();
    same = now === last ? same + 1 : 0;
    last = now;
    return same === 5;
  }, 'it never stands still');
  return last;
}

/** With the keys alone: the first of the pictures that came, then the newest again. */
async function walk(page, title, name, look) {
  await page.mouse.move(0, 0); // not over a picture
  const newest = await noteOf(page, title);
  const last = await still(look);
  await figure(page, title).getByLabel(name, { exact: true }).focus();
  await page.keyboard.press('Home');
  assert.notEqual(await noteOf(page, title), newest, 'the first picture is an earlier one');
  await until(async () => (await look()) !== last, 'and another one');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await noteOf(page, title), newest);
  await until(async () => (await look()) === last, 'the newest looks as it did');
}

/** The stops of the arrow keys are the rows of the table. */
async function stops(page, title) {
  const [, first] = await tableOf(page, title);
  await figure(page, title).locator('.picture').focus();
  await page.keyboard.press('Home');
  const said = await readout(page, title);
  for (const cell of first.slice(0, 3)) assert.ok(said.includes(cell || 'none'), `"${said}" is not the row ${first}`);
  await page.keyboard.press('Escape');
}

for (const look of LOOKS) {
  test(`DeepAR at ${look.width}: a fan for each series, epoch by epoch, and one for the series asked for`, async () => {
    const page = await demo(look, 'deepar');
    assert.equal(await page.locator('.fan').count(), 6);
    assert.match(await noteOf(page, 'Forecasts'), /epoch 12 of 12/);
    assert.match(await readout(page, 'Forecasts'), /^6 series; \d+% of what came lies between 0\.1 and 0\.9; mean wQL [\d.]+/);
    for (const head of await page.locator('.fan-head').allInnerTexts()) assert.match(head, /\d+% inside, wQL [\d.]+/);
    const rows = await tableOf(page, 'Forecasts');
    assert.deepEqual(rows[0], ['series', 'time', 'truth', 'quantile 0.1', 'quantile 0.5', 'quantile 0.9', 'mean']);
    assert.equal(rows.length - 1, 6 * 14);
    for (const [, , , low, middle, high] of rows.slice(1)) assert.ok(value(low) <= value(middle) && value(middle) <= value(high));
    await stops(page, 'Forecasts');
    await walk(page, 'Forecasts', 'epoch', () => pixels(figure(page, 'Forecasts').locator('.fan').first()));
    await page.getByRole('button', { name: 'Forecast', exact: true }).click();
    await figure(page, 'What the model expects').locator('canvas').first().waitFor();
    const [names, first] = await tableOf(page, 'What the model expects');
    assert.deepEqual(names.slice(3, 8), ['quantile 0.1', 'quantile 0.25', 'quantile 0.5', 'quantile 0.75', 'quantile 0.9']);
    assert.equal(first[2], '', 'nobody knows the truth of what is asked');
    await site.settled(page, `deepar-${look.width}`);
  });

  test(`Seq2Seq at ${look.width}: sentences with their words marked, where the model looked, and a translation asked for`, async () => {
    const page = await demo(look, 'seq2seq');
    const [, ...rows] = await tableOf(page, 'Translations');
    for (const [i, [, source, target, output, right]] of rows.entries()) {
      const row = page.locator('.sentence:not(.sentence-head)').nth(i);
      const words = (side) => row.locator(`.side-${side} .word`).allInnerTexts();
      assert.deepEqual((await words('source')).join(' '), source);
      assert.deepEqual((await words('target')).join(' '), target);
      assert.deepEqual((await words('output')).join(' '), output);
      const hits = await row.locator('.side-output .right').count();
      assert.equal(right, `${hits} of ${target.split(' ').length}`);
      assert.equal(await row.locator('.side-target .missed').count(), target.split(' ').length - hits);
    }
    await stops(page, 'Translations');
    await stops(page, 'Attention');
    const heat = figure(page, 'Attention').locator('svg.heat');
    await heat.locator('.weight-cell').first().hover();
    assert.match(await readout(page, 'Attention'), /^output \S+, source \S+, weight [\d.e\u2212]+$/);
    await walk(page, 'Translations', 'update', async () => `${await page.locator('.sentences').innerText()} ${await noteOf(page, 'Attention')}`);
    await page.getByRole('button', { name: 'Translate' }).click();
    await page.getByRole('region', { name: 'What the model says' }).waitFor();
    const answers = page.locator('.ask tbody tr');
    assert.equal(await answers.count(), 2);
    await page.locator('.ask svg.heat').waitFor();
    await site.settled(page, `seq2seq-${look.width}`);
  });

  test(`Object2Vec at ${look.width}: a map that can be searched, and scores and vectors asked for`, async () => {
    const page = await demo(look, 'object2vec');
    assert.match(await noteOf(page, 'Embedding'), /epoch 8 of 8, \d+ objects/);
    assert.match(await readout(page, 'Embedding'), /hold \d+% of the variance; \d+% of the neighbours are of the same group/);
    const [, ...rows] = await tableOf(page, 'Embedding');
    await stops(page, 'Embedding');
    const map = () => pixels(figure(page, 'Embedding').locator('.picture'));
    await walk(page, 'Embedding', 'epoch', map);
    const calm = await still(map);
    const [name, , nearest] = rows[1];
    await figure(page, 'Embedding').getByLabel('find').fill(name);
    assert.match(await readout(page, 'Embedding'), new RegExp(`^${name} lies nearest to ${nearest}`));
    await until(async () => (await map()) !== calm, 'the one that was sought is shown with its neighbours');
    await figure(page, 'Embedding').getByLabel('find').fill('no such thing');
    assert.match(await readout(page, 'Embedding'), /^None of the \d+ is called that/);
    await figure(page, 'Embedding').getByLabel('find').fill('');
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.locator('.ask dl.numbers').waitFor();
    const shares = (await page.locator('.ask dl.numbers dd').allInnerTexts()).map(value);
    assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 1e-3, `${shares} are no probabilities`);
    await page.getByLabel('in1, tokens').fill('');
    await page.getByRole('button', { name: 'Predict' }).click();
    await figure(page, 'Vector').waitFor();
    assert.equal((await tableOf(page, 'Vector')).length - 1, 16);
    await page.getByLabel('in0, tokens').fill('99999');
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.getByText('The model did not answer.').waitFor();
    page.faults.length = 0; // the browser reports the status itself
    await site.settled(page, `object2vec-${look.width}`);
  });
}

/** A series of a week's shape for each number: JSON Lines. */
const ownSeries = (count, length) =>
  Array.from({ length: count }, (_, k) =>
    JSON.stringify({ item_id: `shop ${k + 1}`, start: '2024-01-01', target: Array.from({ length }, (__, i) => (i % 11 === 5 ? null : 10 * (k + 1) + [0, 1, 2, 5, 7, 3, 1][i % 7])) }),
  ).join('\n');

const give = async (page, label, ...files) => {
  await page.getByLabel(label, { exact: true }).setInputFiles(files.map(([name, text]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) })));
  await page.getByRole('button', { name: `Remove the ${label}` }).waitFor();
};

test('own series are trained on, and shown under their names', async () => {
  const page = await site.page();
  await page.goto('/demo/deepar?h.time_freq=D&h.prediction_length=7&h.context_length=14&h.epochs=2&h.num_cells=8&h.num_layers=1&pace=0');
  await give(page, 'training data', ['own.jsonl', ownSeries(4, 100)]);
  assert.equal(await page.getByLabel('validation data', { exact: true }).count(), 0, 'DeepAR has no such channel');
  await give(page, 'test data', ['whole.json', ownSeries(4, 107)]);
  await start(page);
  await ended(page);
  await page.locator('.fan').first().waitFor();
  assert.deepEqual(await page.locator('.fan-name').allInnerTexts(), ['shop 1', 'shop 2', 'shop 3', 'shop 4']);
  await page.getByText('mean_wQuantileLoss').first().waitFor();
});

test('own sentences come with their vocabularies, two files of one channel', async () => {
  const page = await site.page();
  const folder = await temporaryFolder();
  const text = (words) => Array.from({ length: 60 }, (_, i) => [0, 1, 2].map((k) => words[(i * (k + 1)) % words.length]).join(' ')).join('\n');
  await writeFile(path.join(folder, 'en.txt'), text(['one', 'two', 'three', 'four', 'five']));
  await writeFile(path.join(folder, 'de.txt'), text(['eins', 'zwei', 'drei', 'vier', 'f\u00fcnf']));
  const at = (name) => path.join(folder, name);
  const made = await run(['convert', '--from', 'text/plain', at('en.txt'), at('de.txt'), at('pairs.rec'), '--vocab', folder], {
    command: path.join(build, 'flashlab-engine'),
  });
  assert.equal(made.code, 0, made.stderr);
  const file = async (name) => [name, await readFile(at(name))];
  await page.goto('/demo/seq2seq?h.rnn_num_hidden=8&h.num_embed_source=8&h.num_embed_target=8&h.max_num_epochs=2&h.checkpoint_frequency_num_batches=1&pace=0');
  await give(page, 'training data', await file('pairs.rec'));
  await give(page, 'validation data', await file('pairs.rec'));
  await start(page);
  await page.locator('.run-error').waitFor();
  assert.match(await page.locator('.run-error').innerText(), /vocab/, 'without them it says what is missing');
  await give(page, 'vocabularies', await file('vocab.src.json'), await file('vocab.trg.json'));
  assert.match(await page.locator('.own-file').last().innerText(), /vocab\.src\.json, vocab\.trg\.json/);
  await page.getByRole('button', { name: 'Start' }).click();
  await ended(page);
  const [, first] = await tableOf(page, 'Translations');
  assert.match(first[1], /^(one|two|three|four|five)( (one|two|three|four|five)){2}$/, 'the words of the vocabulary');
  await page.reload();
  await page.getByRole('button', { name: 'Remove the vocabularies' }).waitFor();
  await ended(page);
  assert.equal(await page.getByText('These pictures belong to other settings').count(), 0, 'the address holds the files');
  await site.settled(page, 'own-sentences');
  await rm(folder, { recursive: true });
});

test('while it learns the newest is shown, until the reader goes back', async () => {
  const page = await site.page();
  await page.goto(DEMOS.deepar.replace('h.epochs=12', 'h.epochs=400').replace('pace=0', 'pace=0.05'));
  await start(page);
  await page.locator('.fan').first().waitFor();
  const first = await noteOf(page, 'Forecasts');
  await page.waitForFunction((text) => !document.body.innerText.includes(text), first.split('\n').pop());
  await figure(page, 'Forecasts').getByLabel('epoch', { exact: true }).focus();
  await page.keyboard.press('Home');
  const back = await noteOf(page, 'Forecasts');
  await page.waitForTimeout(600);
  assert.equal(await noteOf(page, 'Forecasts'), back, 'it stays');
  await figure(page, 'Forecasts').getByRole('button', { name: 'Follow the newest' }).click();
  assert.notEqual(await noteOf(page, 'Forecasts'), back);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.run-state[data-status=stopped]').waitFor();
});

test('words count as right in their longest common order; time goes on in months and minutes; gaps stay gaps', async () => {
  const page = await site.page();
  await page.goto('/demo');
  const found = await page.evaluate(async () => {
    const here = (file) => import(new URL(file, document.querySelector('script[type=module]').src).href);
    const { common } = await here('chart/translations.js');
    const { levelsOf, reach, timeOf, timeWords } = await here('chart/fan.js');
    const marks = (output, target) => common(output.split(' '), target.split(' ')).right.map(Number).join('');
    const times = [['2024-01-31 00:00:00', 'D', 1], ['2024-12-31', 'M', 2], ['2024-02-28 23:55:00', '5min', 1], ['2024-01-01', '2W', 1]];
    return {
      marks: [marks('b a c', 'a b c'), marks('a a a', 'a b a'), marks('x', 'a b'), marks('a b c d', 'a b c d')],
      times: times.map((t) => timeOf(...t).toISOString().slice(0, 16)),
      words: [timeWords('2024-01-01 05:00:00', 'H', 1), timeWords('2024-01-01', 'D', 31), timeWords('2024-01-01', 'M', 1)],
      bands: levelsOf({ 0.9: [], 0.1: [], 0.5: [], 0.25: [], 0.75: [] }),
      reach: reach({ history: [null, 1, 3, null], truth: null, quantiles: { 0.1: [0.9], 0.9: [100] } }),
    };
  });
  assert.deepEqual(found.marks, ['011', '101', '0', '1111']);
  assert.deepEqual(found.times, ['2024-02-01T00:00', '2025-02-01T00:00', '2024-02-29T00:00', '2024-01-15T00:00']);
  assert.deepEqual(found.words, ['1 Jan, 06:00', '1 Feb 2024', 'Feb 2024']);
  assert.deepEqual(found.bands, { levels: ['0.1', '0.25', '0.5', '0.75', '0.9'], bands: [['0.1', '0.9'], ['0.25', '0.75']], middle: '0.5' });
  assert.deepEqual(found.reach.map((v) => Number(v.toFixed(3))), [0.88, 4], 'what is far beyond does not flatten what is known');
});
