// The lab in a browser: a run that is watched, a trainer that is killed, a claim that is put to the test and flipped.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../web/harness.mjs';
import { openSite, pixels, until } from './harness.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

const state = (page, status) => page.locator(`.run-state[data-status=${status}]`).first().waitFor();

test('a demo: the curve grows, the boundary moves, the final metrics stand', async () => {
  const page = await site.page();
  await page.goto('/demo/linear-learner?pace=0.05'); // long enough to be looked at
  await page.getByRole('button', { name: 'Start' }).click();
  await state(page, 'running');
  const curve = page.locator('.curves');
  const boundary = page.locator('canvas.square');
  await curve.locator('canvas').waitFor();
  await boundary.waitFor();
  const [firstCurve, firstBoundary, firstWords] = [
    await pixels(curve),
    await pixels(boundary),
    await page.locator('.readout').first().innerText(),
  ];
  await page.waitForFunction((words) => document.querySelector('.readout').innerText !== words, firstWords);
  await until(async () => (await pixels(curve)) !== firstCurve, 'the curve moves');
  await until(async () => (await pixels(boundary)) !== firstBoundary, 'the boundary moves');
  await state(page, 'done');
  await page.getByRole('table', { name: 'Final metrics' }).waitFor();
  const id = new URL(page.url()).searchParams.get('run');
  const { text } = await site.server.get(`/api/v1/runs/${id}/events`);
  const end = text
    .split('\n')
    .filter((l) => l.startsWith('data: '))
    .map((l) => JSON.parse(l.slice(6)))
    .find((l) => l.event === 'end');
  const accuracy = end.metrics['test:binary_classification_accuracy'];
  const shown = await page.getByRole('row', { name: /binary_classification_accuracy/ }).innerText();
  assert.ok(shown.includes(String(Number(accuracy.toPrecision(4)))), `${accuracy} in "${shown}"`);
  assert.match(await page.locator('.copy code').innerText(), /^flashlab-engine train --algorithm linear-learner/);
  await curve.locator('xpath=..').focus();
  await page.keyboard.press('End');
  assert.match(await page.locator('.readout').first().innerText(), /^step \d+, train/);
  await page.getByText('Table').first().click();
  await page.locator('.twin tbody tr').first().waitFor();
  await site.settled(page, 'demo-done');
  await page.reload();
  await state(page, 'done');
});

test('settings are checked while typing and live in the address', async () => {
  const page = await site.page({ width: 390 });
  await page.goto('/demo/linear-learner');
  await page.getByLabel('learning_rate').fill('-1');
  assert.equal(await page.getByRole('button', { name: 'Start' }).isDisabled(), true);
  await page.getByLabel('learning_rate').fill('0.5');
  await page.getByLabel('made data, with a known truth').selectOption('scaled_lin');
  await page.getByLabel('pace').fill('0');
  assert.match(page.url(), /data=scaled_lin/);
  assert.match(page.url(), /h\.learning_rate=0\.5/);
  await page.getByRole('button', { name: 'Start' }).click();
  await state(page, 'done');
  await page.locator('.weight').nth(9).waitFor();
  for (const target of await page.locator('summary, .figure-tools button, .check, .copy button').all()) {
    const { width, height } = await target.boundingBox();
    assert.ok(width >= 44 && height >= 44, `${await target.innerText()}: ${width} x ${height}`);
  }
  await site.settled(page, 'demo-weights-390');
});

test('a killed trainer shows what happened', async () => {
  const page = await site.page();
  await page.goto('/demo/linear-learner?pace=1');
  const status = new Promise((resolve) =>
    page.on('response', async (r) => r.url().endsWith('/runs') && resolve(await r.json())),
  );
  await page.getByRole('button', { name: 'Start' }).click();
  const { id } = await status;
  await state(page, 'running');
  process.kill(await pidOf(id), 'SIGKILL');
  await page.locator('.run-error').waitFor();
  assert.match(await page.locator('.run-error').innerText(), /what[\s\S]*what to do/);
  await state(page, 'failed');
  await site.settled(page, 'demo-killed');
});

/** The trainer's process, from the first lines of the run's events. */
async function pidOf(id) {
  const reply = await fetch(`${site.server.url}/api/v1/runs/${id}/events`);
  let text = '';
  for await (const chunk of reply.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const pid = /"status":"running","pid":(\d+)/.exec(text);
    if (pid) return Number(pid[1]);
  }
  throw new Error('the run never said that it runs');
}

test('LL-14: predicted, run to the verdict, flipped', async () => {
  const page = await site.page();
  await page.goto('/demo/linear-learner/LL-14');
  const start = page.getByRole('button', { name: 'Start' });
  await start.waitFor();
  assert.equal(await start.isDisabled(), true, 'predict first');
  await page.getByLabel('it depends').check();
  await start.click();
  await page.locator('.pairs').waitFor();
  assert.equal(await page.getByLabel('it depends').isDisabled(), true, 'too late after the first pair');
  await page.evaluate(() => {
    window.highest = 0; // of the difference axis, over all the seeds
    const look = () => {
      for (const text of document.querySelectorAll('.pairs .axis'))
        if (/^[+\u2212]\d/.test(text.textContent))
          window.highest = Math.max(window.highest, parseFloat(text.textContent.slice(1)));
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  });
  const first = page.locator('section.arena').first().locator('.verdict');
  await first.and(page.locator('[data-verdict]')).waitFor({ timeout: 180_000 });
  assert.equal(await first.getAttribute('data-verdict'), 'confirmed');
  assert.match(await first.innerText(), /Δ \+0\.\d+ \[\+0\.\d+, \+0\.\d+\]/);
  const { json } = await site.server.get('/api/v1/experiments');
  assert.ok((await page.locator('.pairs .seed').count()) >= json.experiments.find((e) => e.id === 'LL-14').seeds.start);
  const highest = await page.evaluate(() => window.highest);
  assert.ok(highest > 0 && highest <= 1, `an accuracy cannot differ by ${highest}`);
  await site.settled(page, 'experiment-verdict');
  await page.getByRole('button', { name: /^Flip it/ }).click();
  await page.locator('.combined').waitFor({ timeout: 180_000 });
  assert.match(await page.locator('.combined').innerText(), /Only if the scales differ/);
  assert.match(await page.locator('.your-prediction').innerText(), /it depends/);
  const commands = await page.locator('.copy code').allInnerTexts();
  assert.deepEqual(
    commands.map((c) => c.includes('--flip')),
    [false, true],
    'both runs can be repeated',
  );
  const caveat = json.experiments.find((e) => e.id === 'LL-14').caveat;
  assert.equal(await page.getByText(caveat).count(), 1, 'the caveat stands at the claim only');
  await site.settled(page, 'experiment-flipped');
});

/** How many pixels of an element's canvas have nearly that colour ("#rrggbb"), and how many are dark. */
const coloured = (locator, hex) =>
  locator.evaluate((el, wanted) => {
    const copy = new OffscreenCanvas(el.width, el.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(el, 0, 0);
    const { data } = copy.getImageData(0, 0, el.width, el.height);
    const rgb = [1, 3, 5].map((i) => parseInt(wanted.slice(i, i + 2), 16));
    let like = 0,
      black = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (rgb.every((v, k) => Math.abs(data[i + k] - v) < 12) && data[i + 3] > 200) like++;
      if (data[i] + data[i + 1] + data[i + 2] < 60 && data[i + 3] > 200) black++;
    }
    return { like, black: black / (data.length / 4) };
  }, hex);
const DATA_1 = '#0072b2';
const DATA_2 = '#d55e00';
const LINE = '/demo/linear-learner?data=line1&h.predictor_type=regressor&h.optimizer=sgd&h.mini_batch_size=50&pace=0';

test('one feature: the points stand over x with their labels, the fitted line runs through them', async () => {
  const page = await site.page();
  await page.goto(LINE);
  await page.getByRole('button', { name: 'Start' }).click();
  await state(page, 'done');
  const canvas = page.locator('canvas.square');
  await canvas.waitFor();
  await until(async () => (await coloured(canvas, DATA_1)).like > 500, 'more than 500 pixels of points');
  await until(async () => (await coloured(canvas, DATA_2)).like > 300, 'more than 300 pixels of the line');
  const { black } = await coloured(canvas, DATA_2);
  assert.ok(black < 0.02, `${black} of the picture is black`);
  await site.settled(page, 'demo-line');
});

test('a training that diverges says so and what to do, and shows no number it does not have', async () => {
  const page = await site.page();
  await page.goto(`${LINE}&h.learning_rate=1e9`);
  await page.getByRole('button', { name: 'Start' }).click();
  await state(page, 'failed'); // there is no model to save
  assert.match(await page.locator('.run-state').innerText(), /Diverged/);
  assert.match(
    await page.locator('.notice-bad').innerText(),
    /The training diverged at step \d+\s+Loss became (infinite|not a number)\. Lower learning_rate \(now 1e9\)\. It leaves no model\./,
  );
  assert.equal(await page.locator('.run-error').count(), 0, 'it is said once');
  const metrics = await page.getByRole('table', { name: 'Metrics so far' }).innerText();
  assert.doesNotMatch(metrics, /diverged_at_step|none/);
  assert.match(metrics, /objective_loss\s+not a number\s+not a number/);
  const { black } = await coloured(page.locator('canvas.square'), DATA_1);
  assert.ok(black < 0.02, `${black} of the picture is black`);
  await site.settled(page, 'demo-diverged');

  await page.goto('/demo/linear-learner?h.learning_rate=1e12&h.epochs=15&pace=0&h.predictor_type=regressor');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('.notice-bad').waitFor();
  assert.ok((await coloured(page.locator('canvas.square'), DATA_1)).black < 0.02, 'two features: not black either');
});

test('a run that the server has lost is said so on both pages, and what was drawn stays', async () => {
  const page = await site.page();
  for (const address of ['/demo/linear-learner', '/demo/linear-learner/LL-14']) {
    await page.goto(`${address}?run=deadbeef`);
    assert.match(await page.locator('.notice-bad').innerText(), /This run is no longer kept[\s\S]*Start it again/);
    await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  }
  assert.equal(await page.getByLabel('it depends').isDisabled(), false, 'nothing was seen yet');

  let server = await startServer();
  const { port } = server;
  try {
    await page.goto(`${server.url}/demo/linear-learner?pace=1`);
    await page.getByRole('button', { name: 'Start' }).click();
    await state(page, 'running');
    await page.locator('canvas.square').waitFor();
    await server.stop('SIGKILL');
    server = await startServer({ listen: `127.0.0.1:${port}` });
    await page.locator('.notice-bad').waitFor();
    assert.match(await page.locator('.notice-bad').innerText(), /no longer kept/);
    assert.equal(await page.locator('canvas.square').count(), 1);
    assert.doesNotMatch(await page.locator('.run-state').innerText(), /connection lost/);
  } finally {
    await server.stop();
  }
});

test('seed, pace and whole numbers are checked as the engine reads them; seed 0 is a seed', async () => {
  const page = await site.page();
  await page.goto('/demo/linear-learner?pace=0&h.num_models=4');
  const start = page.getByRole('button', { name: 'Start' });
  const wrong = [
    ['seed', ['abc', '-1', '1.5', '1e2', '0x10'], /seed must be a whole number, 0 or more/],
    ['pace', ['xyz', '-1', '11', '0x1'], /pace must be a number of seconds from 0 to 1/],
    ['epochs', ['1e2', '0x10', '1.5'], /a whole number, in digits/],
    ['learning_rate', ['0x10', 'fast'], /a number/],
    ['n', ['2e3'], /a whole number, in digits/],
  ];
  for (const [name, values, words] of wrong) {
    const id = ['seed', 'pace'].includes(name) ? `run-${name}` : `set-${name}`;
    const field = page.locator(`#${id}`);
    const good = await field.inputValue();
    for (const value of values) {
      await field.fill(value);
      assert.equal(await start.isDisabled(), true, `${name}=${value}`);
      assert.match(await page.locator(`#${id}-note`).innerText(), words);
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
    }
    await field.fill(good);
    assert.equal(await start.isDisabled(), false, name);
  }
  await page.locator('#run-seed').fill('0');
  await page.locator('#set-epochs').fill(' 3 ');
  const asked = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/runs'));
  await start.click();
  const body = (await asked).postDataJSON();
  assert.deepEqual([body.seed, body.pace, body.hyperparameters.epochs], [0, 0, '3']);
  assert.equal(body.hyperparameters.num_models, '4');
  await state(page, 'done');
  assert.match(await page.locator('.copy code').innerText(), /--seed 0$/);
  await site.settled(page, 'demo-seed-0');
});

test('an address never names a run together with settings that it did not have', async () => {
  const page = await site.page();
  await page.goto('/demo/linear-learner?pace=0');
  await page.getByRole('button', { name: 'Start' }).click();
  await state(page, 'done');
  const run = () => page.evaluate(() => new URLSearchParams(location.search).get('run'));
  const id = await run();
  assert.ok(id);
  await page.locator('#set-learning_rate').fill('0.2');
  assert.equal(await run(), null);
  assert.match(await page.locator('.notice-wait').innerText(), /These pictures belong to other settings/);
  await page.locator('canvas.square').waitFor();
  await site.settled(page, 'demo-changed');
  await page.locator('#set-learning_rate').fill('0.01');
  assert.equal(await run(), id, 'the same settings again');
  assert.equal(await page.locator('.notice-wait').count(), 0);
  await page.locator('#set-learning_rate').fill('0.2');
  await page.getByRole('button', { name: 'Start again' }).click();
  await page.waitForURL(/[?&]run=/);
  await state(page, 'done');
  assert.notEqual(await run(), id);
  assert.equal(await page.locator('.notice-wait').count(), 0);
});

test('a reload goes on with the time that the run itself has taken', async () => {
  const page = await site.page();
  await page.goto('/demo/linear-learner?pace=0.5');
  await page.getByRole('button', { name: 'Start' }).click();
  await state(page, 'running');
  const shown = async () => Number(/([\d.]+) s/.exec(await page.locator('.run-state').innerText())?.[1] ?? 0);
  const reached = (least) =>
    page.waitForFunction((n) => parseFloat(/([\d.]+) s/.exec(document.querySelector('.run-state').innerText)?.[1]) > n, least);
  await reached(4);
  const before = await shown();
  await page.reload();
  await state(page, 'running');
  await page.locator('canvas.square').waitFor();
  const after = await shown(); // as of the run's newest line, which may be a second old
  assert.ok(after >= before - 2, `${after} s after ${before} s`);
  await page.getByRole('button', { name: 'Stop' }).click();
  await state(page, 'stopped');
});

test('who watches a run that somebody else started may predict until the first pair', async () => {
  const { json } = await site.server.post('/api/v1/runs', { algorithm: 'linear-learner', pace: 1 });
  const page = await site.page();
  await page.goto(`/demo/linear-learner/LL-14?run=${json.id}`); // runs on without ever showing a pair
  await state(page, 'running');
  await page.getByLabel('yes').check();
  assert.equal(await page.getByLabel('yes').isChecked(), true);
  await page.getByRole('button', { name: 'Stop' }).click();
  await state(page, 'stopped');
});

test('ticks have the digits of their step: no two read alike', async () => {
  const page = await site.page();
  await page.goto('/demo');
  const texts = await page.evaluate(async () => {
    const script = document.querySelector('script[type=module]').src;
    const { ticks, tickTexts } = await import(new URL('chart/palette.js', script).href);
    return [
      [0.6831, 0.6836],
      [-2, 2],
      [0, 4.6e54],
      [-1e-6, 3e-6],
      [999999, 1000003],
    ].map(([low, high]) => tickTexts(ticks(low, high)));
  });
  assert.deepEqual(texts[0], ['0.6831', '0.6832', '0.6833', '0.6834', '0.6835', '0.6836']);
  assert.deepEqual(texts[1], ['−2', '−1', '0', '1', '2']);
  assert.deepEqual(texts[2], ['0', '1e54', '2e54', '3e54', '4e54']);
  for (const list of texts) assert.equal(new Set(list).size, list.length, list.join(' '));
});

test('ten classes can be told apart, and the legend names them', async () => {
  const page = await site.page();
  const settings = 'h.predictor_type=multiclass_classifier&h.num_classes=10&h.epochs=3&h.mini_batch_size=50&pace=0';
  await page.goto(`/demo/linear-learner?data=gauss_mix:d=2,classes=10,spread=4&${settings}`);
  await page.getByRole('button', { name: 'Start' }).click();
  await state(page, 'done');
  const legend = page.locator('.legend');
  await legend.waitFor();
  assert.match((await legend.innerText()).replace(/\s+/g, ' '), /^class 0 1 2 3 4 5 6 7 8 9$/);
  const marks = await Promise.all((await legend.locator('canvas').all()).map(pixels));
  assert.equal(new Set(marks).size, 10);
  await site.settled(page, 'demo-ten');
});
