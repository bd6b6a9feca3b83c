// The demos of BlazingText and Object Detection in a browser: words that move and can be searched, sentences with their
// pieces lit, boxes over images with their confidence; what the models answer; what the reader may bring.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSite, pixels, until } from './harness.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

const LOOKS = [
  { width: 1280, dark: false },
  { width: 390, dark: true },
  { width: 1920, dark: false, projector: true },
];
const nameOf = ({ width, projector }) => (projector ? 'projector' : String(width));
const figure = (page, title) => page.locator('main figure', { has: page.getByText(title, { exact: true }) });
const noteOf = (page, title) => figure(page, title).locator('figcaption').innerText();
const readout = (page, title) => figure(page, title).locator('.readout').innerText();
const value = (text) => Number(text.replaceAll(',', '').replace('\u2212', '-'));
/** A canvas is painted in the frame after its data came; until then it is what it was. */
const changes = (look, before, says) => until(async () => (await look()) !== before, says);
/** What is drawn once it does not change any more. */
async function resting(look) {
  for (let before = null, now = await look(); ; now = await look()) {
    if (now === before) return now;
    before = now;
    await new Promise((done) => setTimeout(done, 200));
  }
}

async function tableOf(page, title) {
  const found = figure(page, title);
  await found.getByText('Table', { exact: true }).click();
  await found.locator('.twin tbody tr').first().waitFor();
  const rows = await found.locator('.twin tr').evaluateAll((all) => all.map((r) => [...r.cells].map((c) => c.innerText)));
  await found.getByText('Table', { exact: true }).click();
  return rows;
}

async function open(look, address) {
  const page = await site.page(look);
  await page.goto(address);
  if (look.projector) await page.getByRole('button', { name: 'Projector size' }).click();
  return page;
}

/** Draws the pictures of a run that is made of event lines, as the playground draws those of a run that is watched. */
async function drawn(look, entry, values, lines) {
  const page = await open(look, '/demo');
  await page.getByRole('heading', { name: 'Lab' }).waitFor();
  await page.evaluate(
    async ({ entry, values, lines }) => {
      const here = (file) => import(new URL(file, document.querySelector('script[type=module]').src).href);
      const { render, h } = await import('preact');
      const [{ Pictures }, { applyEvent, createRun }] = await Promise.all([here('view/pictures.js'), here('run.js')]);
      const run = createRun('made');
      const photo = ({ width, height, truth }) => {
        const canvas = Object.assign(document.createElement('canvas'), { width, height });
        const ctx = canvas.getContext('2d');
        ctx.fillStyle = '#9fb7a0';
        ctx.fillRect(0, 0, width, height);
        for (const [kind, left, top, right, bottom] of truth) {
          ctx.fillStyle = ['#c43d3d', '#3658c9', '#e0c32e'][kind];
          ctx.fillRect(left * width, top * height, (right - left) * width, (bottom - top) * height);
        }
        return canvas.toDataURL('image/jpeg').split(',')[1];
      };
      for (const line of lines) {
        if (line.kind === 'images') for (const image of line.data.images) image.jpeg = photo(image);
        applyEvent(run, line);
      }
      const main = document.createElement('main'); // a root of its own: the shell keeps the other
      main.className = 'page';
      document.querySelector('main').replaceWith(main);
      main.id = 'main';
      main.setAttribute('tabindex', '-1');
      const play = document.createElement('div');
      play.className = 'play-pictures';
      main.append(Object.assign(document.createElement('h1'), { textContent: 'Pictures' }), play);
      render(h(Pictures, { run, entry, values }), play);
    },
    { entry, values, lines },
  );
  await page.locator('.picture').first().waitFor();
  return page;
}

/** The same numbers every time, from 0 to below 1. */
function chances(seed = 7) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** Words of `groups` topics that begin in the middle and come apart, epoch by epoch. */
function wordLines(groups = 20, each = 12, epochs = 4) {
  const next = chances();
  const all = Array.from({ length: groups * each }, (_, i) => ({ group: i % groups, name: `${'aeiou'[i % 5]}topic${i % groups}word${Math.floor(i / groups)}`, dx: next() - 0.5, dy: next() - 0.5 }));
  const neighbours = all.map((w, i) => all.map((_, k) => k).filter((k) => k !== i && all[k].group === w.group).slice(0, 5));
  return Array.from({ length: epochs }, (_, e) => ({
    event: 'picture',
    kind: 'embedding',
    data: {
      ...{ epoch: e + 1, side: 'words', name: all.map((w) => w.name), group: all.map((w) => w.group), neighbours, explained: 0.3 + 0.1 * e, purity: 0.2 + 0.2 * e },
      x: all.map((w) => (e * Math.cos((2 * Math.PI * w.group) / groups)) * (1 + w.group % 2) + 1.3 * w.dx),
      y: all.map((w) => (e * Math.sin((2 * Math.PI * w.group) / groups)) * (1 + w.group % 2) + 1.3 * w.dy),
    },
  }));
}

const WORD2VEC = { name: 'blazingtext', pictures: ['embedding', 'sentences', 'confusion'] };
const DETECTION = { name: 'object-detection', pictures: ['images', 'detections', 'precision'] };

for (const look of LOOKS)
  test(`words at ${nameOf(look)}: twenty topics that can be told apart, names, search, time`, async () => {
    const page = await drawn(look, WORD2VEC, { mode: 'skipgram', epochs: '4' }, wordLines());
    assert.match(await noteOf(page, 'Embedding'), /epoch 4 of 4, 240 words/);
    assert.equal(await page.getByText('Sentences', { exact: true }).count(), 0, 'word vectors have no such picture');
    assert.equal(await figure(page, 'Embedding').locator('.legend-mark').count(), 20);
    const map = () => pixels(figure(page, 'Embedding').locator('.picture'));
    const calm = await resting(map);
    await site.settled(page, `words-${nameOf(look)}`);
    const [, , row] = await tableOf(page, 'Embedding');
    await figure(page, 'Embedding').getByLabel('find').fill(row[0]);
    assert.equal(await readout(page, 'Embedding'), `${row[0]} lies nearest to ${row[2]}.`);
    await changes(map, calm, 'the word is lit');
    await site.settled(page, `words-${nameOf(look)}-sought`);
    await figure(page, 'Embedding').getByLabel('epoch', { exact: true }).focus();
    await page.keyboard.press('Home');
    assert.match(await noteOf(page, 'Embedding'), /epoch 1 of 4/);
  });

const CLASSES = ['__label__bad', '__label__good', '__label__mixed'];
/** A sentence of words, each with what it adds to each of the classes; every two neighbours are a piece too. */
function sentence(label, words) {
  const pieces = words.map(([text, share]) => ({ text, share: [-share, share, 0.1 * share] }));
  for (let i = 1; i < words.length; i++) {
    const not = words[i - 1][0] === 'not';
    const share = not ? -2.2 * words[i][1] : 0.05 * (words[i - 1][1] + words[i][1]);
    pieces.push({ text: `${words[i - 1][0]} ${words[i][0]}`, share: [-share, share, 0] });
  }
  const scores = CLASSES.map((_, c) => pieces.reduce((sum, p) => sum + p.share[c], 0));
  const e = scores.map((s) => Math.exp(s));
  return { label: [label], pieces, probability: e.map((v) => v / e.reduce((a, b) => a + b)) };
}
const plain = (text, marked) => text.split(' ').map((word) => [word, marked[word] ?? 0.01]);
const SENTENCES = [
  sentence('__label__bad', plain('the film was not great and the seats were hard', { not: -0.6, great: 1.4, hard: -0.5 })),
  sentence('__label__good', plain('a great evening with friends', { great: 1.4, friends: 0.6 })),
  sentence('__label__good', plain('i would say it is rather dull', { dull: -1.1, rather: -0.2 })),
  sentence('__label__mixed', plain('good food but slow and cold service at a table near the kitchen door where everybody had to pass all evening long', { good: 1.1, slow: -0.7, cold: -0.4 })),
];
const sentenceLines = () =>
  [0.2, 0.6, 1].map((part, e) => ({
    event: 'picture',
    kind: 'sentences',
    data: { epoch: e + 1, classes: CLASSES, rows: SENTENCES.map((r) => ({ ...r, pieces: r.pieces.map((p) => ({ ...p, share: p.share.map((s) => part * s) })) })) },
  }));

for (const look of LOOKS)
  test(`sentences at ${nameOf(look)}: pieces lit by their share, probabilities, keys`, async () => {
    const page = await drawn(look, WORD2VEC, { mode: 'supervised', epochs: '3' }, sentenceLines());
    assert.equal(await page.getByText('Embedding', { exact: true }).count(), 0);
    const rows = page.locator('.lit-sentence');
    assert.equal(await rows.count(), 4);
    assert.match(await readout(page, 'Sentences'), /^2 of 4 sentences right; in the first sentence .not great. counts most\.$/);
    const not = rows.first().locator('.lit-runs .piece').first();
    assert.equal(await not.innerText(), 'not great', 'the run that counts most stands first');
    assert.match(await not.getAttribute('class'), /\bfor\b.*\bstrong\b/);
    assert.match(await rows.first().locator('.lit-words .piece', { hasText: /^great$/ }).getAttribute('class'), /\bagainst\b/);
    await figure(page, 'Sentences').getByLabel('shares for').selectOption('__label__good');
    assert.match(await not.getAttribute('class'), /\bagainst\b/, 'for one class, against another');
    await figure(page, 'Sentences').getByLabel('shares for').selectOption('what it predicts');
    const [names, all, first] = await tableOf(page, 'Sentences');
    assert.deepEqual(names, ['sentence', 'piece', 'true', 'predicted', 'share for bad', 'share for good', 'share for mixed']);
    assert.deepEqual(all.slice(0, 3), ['1', 'all of it', 'bad']);
    assert.deepEqual(first.slice(0, 2), ['1', 'the']);
    const pieces = (await tableOf(page, 'Sentences')).filter((r) => r[0] === '1' && r[1] !== 'all of it');
    const sum = pieces.reduce((s, r) => s + value(r[4]), 0);
    assert.ok(Math.abs(sum - value(all[4])) < 1e-2, `${sum} is not ${all[4]}: shares sum to the score`);
    await page.mouse.move(0, 0); // not over a piece
    await figure(page, 'Sentences').locator('.picture').focus();
    await page.keyboard.press('Home');
    assert.match(await readout(page, 'Sentences'), /^sentence 1, piece all of it, true bad, predicted bad/);
    await page.keyboard.press('ArrowRight');
    assert.match(await readout(page, 'Sentences'), /^sentence 1, piece the,/);
    assert.equal(await page.locator('.lit-words .piece.lit').count(), 1);
    await page.keyboard.press('Escape');
    await site.settled(page, `sentences-${nameOf(look)}`);
  });

const SHAPES = ['square', 'disc', 'triangle'];
/** Twelve images whose boxes come nearer to the truth, with false alarms among them. */
function shotLines(epochs = 5) {
  const next = chances(11);
  const images = Array.from({ length: 12 }, (_, i) => {
    const [width, height] = i === 5 ? [60, 40] : [40, 40];
    const truth = Array.from({ length: 1 + (i % 3) }, (__, k) => {
      const [left, top, side] = [0.05 + 0.3 * k + 0.05 * next(), 0.05 + 0.5 * next(), 0.2 + 0.15 * next()];
      return [(i + k) % 3, left, top, left + side, top + side];
    });
    return { name: `image ${i + 1}`, width, height, truth };
  });
  const lines = [{ event: 'picture', kind: 'images', data: { channel: 'validation', classes: SHAPES, images } }];
  for (let e = 1; e <= epochs; e++) {
    const off = 0.18 * (1 - e / epochs);
    const found = images.map(({ truth }) => [
      ...truth.map(([kind, l, t, r, b]) => [kind, Number((0.15 + (0.8 * e) / epochs - 0.1 * next()).toFixed(3)), l + off * (next() - 0.2), t + off, r + off, b + off].map((v, k) => (k < 2 ? v : Math.min(1, v)))),
      [Math.floor(3 * next()), 0.3 + 0.25 * next(), 0.5, 0.6, 0.8, 0.95],
      [0, 0.08, 0.1, 0.1, 0.3, 0.4],
    ]);
    lines.push({ event: 'picture', kind: 'detections', data: { epoch: e, images: found } });
    const curve = Array.from({ length: 20 }, (__, k) => k / 19);
    const classes = SHAPES.map((name, c) => ({ ...{ name, ap: (0.9 - 0.1 * c) * (e / epochs), boxes: 30 + c, recall: curve.map((v) => (v * e) / epochs) },
      precision: curve.map((v) => 1 - (0.2 + 0.15 * c) * v * v), threshold: curve.map((v) => 0.98 - 0.9 * v) }));
    lines.push({ event: 'picture', kind: 'precision', data: { epoch: e, channel: 'validation', map: 0.8 * (e / epochs), overlap: 0.5, classes } });
    lines.push({ event: 'metric', name: 'validation:mAP', value: 0.8 * (e / epochs), step: e, epoch: e });
  }
  return lines;
}

/** Sets a slider as a hand does. */
const slide = (locator, to) => locator.fill(String(to));

for (const look of LOOKS)
  test(`boxes at ${nameOf(look)}: truth dashed, found solid, epochs and confidence by sliders, curves that follow`, async () => {
    const page = await drawn(look, DETECTION, { epochs: '5' }, shotLines());
    const shots = page.locator('.shot');
    assert.equal(await shots.count(), 12);
    assert.match(await noteOf(page, 'Boxes'), /epoch 5 of 5, validation images/);
    const hits = async () => (await readout(page, 'Boxes')).match(/^From ([\d.]+) on: (\d+) of 24 objects found, (\d+) false alarms?\.$/).slice(1).map(Number);
    const confidence = figure(page, 'Boxes').getByLabel('confidence');
    await slide(confidence, 0.5);
    const [from, most] = await hits();
    assert.equal(from, 0.5);
    assert.ok(most > 20, `${most} of 24`);
    await site.settled(page, `boxes-${nameOf(look)}`);
    await confidence.focus();
    await page.keyboard.press('ArrowRight');
    assert.equal((await hits())[0], 0.51, 'the keys move it');
    const curve = () => pixels(figure(page, 'Precision and recall').locator('.picture'));
    const before = await resting(curve);
    await slide(confidence, 0.9);
    const [, few] = await hits();
    assert.ok(few < most, `${few} of ${most} are left`);
    assert.ok((await page.locator('.box.found.below').count()) > 0, 'those below fade');
    assert.equal(await figure(page, 'Precision and recall').getByLabel('confidence').inputValue(), '0.9', 'one threshold for both');
    await changes(curve, before, 'the operating points have moved');
    assert.match(await readout(page, 'Precision and recall'), /^mAP 0\.8 at overlap 0\.5\. From 0\.90 on, precision at recall: square [\d.]+ at [\d.]+, disc/);
    await slide(figure(page, 'Precision and recall').getByLabel('confidence'), 0.3);
    assert.equal((await hits())[0], 0.3);
    await figure(page, 'Boxes').getByLabel('epoch', { exact: true }).focus();
    await page.keyboard.press('Home');
    assert.match(await noteOf(page, 'Boxes'), /epoch 1 of 5/);
    assert.match(await noteOf(page, 'Precision and recall'), /epoch 1 of 5/, 'the curves go back with the boxes');
    await page.keyboard.press('End');
    await slide(confidence, 0.5);
    const [names, ...rows] = await tableOf(page, 'Boxes');
    assert.deepEqual(names, ['image', 'box', 'class', 'score', 'judged', 'pixels']);
    assert.equal(rows.filter((r) => r[1] === 'true').length, 24);
    assert.equal(rows.filter((r) => r[4] === 'right').length, (await hits())[1]);
    assert.equal(rows.filter((r) => r[4] === 'false alarm').length, (await hits())[2]);
    await page.mouse.move(0, 0); // not over a box
    await figure(page, 'Boxes').locator('.picture').focus();
    await page.keyboard.press('Home');
    assert.match(await readout(page, 'Boxes'), /^image 1, box true, class square, score none, judged (found|missed), pixels \d+, \d+ to \d+, \d+$/);
    assert.equal(await page.locator('.box.true.lit').count(), 1);
    await site.settled(page, `boxes-${nameOf(look)}-keys`);
  });

test('what is found is judged as the metric judges it: highest score first, one hit for each object, of its class', async () => {
  const page = await open(LOOKS[0], '/demo');
  const found = await page.evaluate(async () => {
    const here = (file) => import(new URL(file, document.querySelector('script[type=module]').src).href);
    const { judged, overlap } = await here('chart/shots.js');
    const { standing } = await here('chart/precision.js');
    const truth = [[0, 0, 0, 0.5, 0.5], [1, 0.5, 0.5, 1, 1]];
    const boxes = [[0, 0.6, 0, 0, 0.5, 0.5], [0, 0.9, 0, 0, 0.5, 0.45], [0, 0.8, 0.5, 0.5, 1, 1], [1, 0.2, 0.5, 0.5, 1, 1]];
    const kinds = (threshold) => judged(boxes, truth, threshold).found.map((f) => [f.index, f.hit]);
    const c = { threshold: [0.9, 0.7, 0.5, 0.2] };
    return { half: overlap([0, 0, 1, 1], [0, 0, 0.5, 1]), none: overlap([0, 0, 0.1, 0.1], [0.5, 0.5, 1, 1]), all: kinds(0.05), some: kinds(0.5),
      hit: judged(boxes, truth, 0.5).hit, at: [0.95, 0.7, 0.6, 0.1].map((t) => standing(c, t)) };
  });
  assert.deepEqual(found.all, [[1, 0], [2, -1], [0, -1], [3, 1]]);
  assert.deepEqual(found.some, [[1, 0], [2, -1], [0, -1]]);
  assert.deepEqual(found.hit, [true, false]);
  assert.deepEqual([found.half, found.none], [0.5, 0]);
  assert.deepEqual(found.at, [-1, 1, 1, 3]);
});

const start = (page) => page.getByRole('button', { name: 'Start' }).click();
async function ended(page) {
  const state = page.locator('.run-state:is([data-status=done], [data-status=failed])').first();
  await state.waitFor({ timeout: 180000 });
  assert.equal(await state.getAttribute('data-status'), 'done', (await page.locator('.run-error').allInnerTexts()).join(' '));
}
const DETECTOR =
  '/demo/object-detection?data=shapes40:n=24&h.num_classes=3&h.num_training_samples=24&h.epochs=3&h.image_shape=64&h.width=8&h.mini_batch_size=8&h.optimizer=adam&h.learning_rate=0.003&h.use_pretrained_model=0&pace=0';

/** Tops and sizes of the pictures' places. */
const places = (page) =>
  page.locator('.pictures').evaluate((grid) =>
    [...grid.querySelectorAll('.picture')].map((el) => {
      const { top, height, width } = el.getBoundingClientRect();
      return [top - grid.getBoundingClientRect().top, height, width].map(Math.round);
    }),
  );

/** Runs a demo to its end; what stood before it has its place still. */
async function demo(look, address) {
  const page = await open(look, address);
  await page.locator('.picture').nth(1).waitFor();
  const before = await places(page);
  await start(page);
  await ended(page);
  await page.locator('.pictures .picture-empty').waitFor({ state: 'detached' });
  assert.deepEqual(await places(page), before, 'nothing has moved');
  return page;
}

for (const look of LOOKS)
  test(`Object Detection at ${nameOf(look)}: a run, its boxes epoch by epoch, and images shown to the model`, async () => {
    const page = await demo(look, DETECTOR);
    assert.match(await noteOf(page, 'Boxes'), /epoch 3 of 3, validation images/);
    assert.equal(await page.locator('.shots .shot').count(), 12);
    await figure(page, 'Boxes').getByLabel('epoch', { exact: true }).focus();
    await page.keyboard.press('Home');
    assert.match(await noteOf(page, 'Boxes'), /epoch 0 of 3/, 'before it learned');
    await figure(page, 'Boxes').getByRole('button', { name: 'Follow the newest' }).click();
    await slide(figure(page, 'Boxes').getByLabel('confidence'), 0.2);
    const [names, first] = await tableOf(page, 'Precision and recall');
    assert.deepEqual(names, ['class', 'confidence', 'recall', 'precision']);
    assert.equal(first[0], 'square');
    await page.getByRole('button', { name: 'image 2', exact: true }).click();
    const answer = figure(page, 'What the model finds');
    await answer.locator('.box.true').first().waitFor();
    await slide(answer.getByLabel('confidence'), 0.05);
    await answer.locator('.box.found').first().waitFor();
    assert.match(await answer.locator('.readout').innerText(), /^[\d,]+ box(es)? from 0\.05 on; surest is (square|disc|triangle), /);
    await site.settled(page, `detector-${nameOf(look)}`);
  });

/** A picture as a reader's disk has it, made by the browser. */
const picture = (page, type, width, height) =>
  page.evaluate(
    async ({ type, width, height }) => {
      const canvas = Object.assign(document.createElement('canvas'), { width, height });
      const ctx = canvas.getContext('2d');
      ctx.fillStyle = '#667788';
      ctx.fillRect(0, 0, width, height);
      ctx.fillStyle = '#d03030';
      ctx.fillRect(width / 4, height / 4, width / 3, height / 3);
      const blob = await new Promise((done) => canvas.toBlob(done, type));
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    { type, width, height },
  );

test('own images with their boxes are trained on, gone on from, and asked about', async () => {
  const page = await open(LOOKS[0], '/demo/object-detection?h.num_classes=1&h.num_training_samples=6&h.epochs=1&h.image_shape=64&h.width=8&h.mini_batch_size=4&h.use_pretrained_model=0&pace=0');
  await page.getByLabel('training data', { exact: true }).waitFor();
  const bytes = Buffer.from(await picture(page, 'image/jpeg', 80, 60));
  const file = (name, buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
  const annotation = (name) => JSON.stringify({ file: name, image_size: [{ width: 80, height: 60, depth: 3 }],
    annotations: [{ class_id: 0, left: 20, top: 15, width: 26, height: 20 }], categories: [{ class_id: 0, name: 'brick' }] });
  const give = async (label, files) => {
    await page.getByLabel(label, { exact: true }).setInputFiles(files);
    await page.getByRole('button', { name: `Remove the ${label}` }).waitFor();
  };
  const six = [1, 2, 3, 4, 5, 6];
  await give('training data', six.map((i) => file(`wall${i}.jpg`, bytes)));
  await give('training boxes', six.map((i) => file(`wall${i}.json`, Buffer.from(annotation(`wall${i}.jpg`)))));
  await give('validation data', [file('wall1.jpg', bytes)]);
  await give('validation boxes', [file('wall1.json', Buffer.from(annotation('wall1.jpg')))]);
  assert.match(await page.locator('.own-file').first().innerText(), /wall1\.jpg and 5 more/);
  await start(page);
  await ended(page);
  assert.equal(await page.locator('.shots .shot').count(), 1);
  assert.match((await tableOf(page, 'Boxes'))[1].join(' '), /^1 true brick/);
  await page.locator('.ask input[type=file]').setInputFiles([file('mine.png', Buffer.from(await picture(page, 'image/png', 90, 120)))]);
  await figure(page, 'What the model finds').waitFor();
  assert.match(await noteOf(page, 'What the model finds'), /mine\.png/);
  await page.waitForFunction(() => [...document.querySelectorAll('.ask .shot-image')].some((img) => img.complete && img.naturalHeight === 120));
  await page.locator('.ask input[type=file]:enabled').waitFor({ state: 'attached' }); // the answer has come
  await page.locator('.ask input[type=file]').setInputFiles([file('words.txt', Buffer.from('no image'))]);
  await page.getByText('words.txt is no image that this browser can read.').waitFor();
  await page.getByRole('button', { name: /^Go on from run/ }).click();
  await page.getByText(/the model of run/).waitFor();
  await page.getByRole('button', { name: 'Start again' }).click();
  await page.waitForFunction(() => document.querySelector('.run-state')?.dataset.status !== 'done');
  await ended(page);
  assert.match(await page.locator('.repeat code').first().innerText(), / --resume /);
  await site.settled(page, 'own-images');
  await page.reload();
  await page.getByText(/the model of run/).waitFor();
  await page.getByRole('button', { name: 'Begin afresh' }).click();
  await page.getByText('a fresh model').waitFor();
});

const WORDS = '/demo/blazingtext?data=planted_words:n=3000&h.mode=skipgram&h.vector_dim=32&h.epochs=6&pace=0';
const OPINIONS = '/demo/blazingtext?data=opinion_text:n=3000,not=0.5,adjacent=1&h.mode=supervised&h.buckets=20000&h.vector_dim=10&h.learning_rate=0.5&h.epochs=6&pace=0';
const answered = (page, title) => figure(page, title).locator('.bars').waitFor();

for (const look of LOOKS)
  test(`Word2Vec at ${nameOf(look)}: a run, its words, the nearest of a word and the fourth of an analogy`, async () => {
    const page = await demo(look, WORDS);
    assert.match(await noteOf(page, 'Embedding'), /epoch 6 of 6, \d+ words/);
    assert.match(await readout(page, 'Embedding'), /hold \d+% of the variance; \d+% of the neighbours are of the same group/);
    const typed = await page.getByLabel('Words', { exact: true }).inputValue();
    assert.match(typed, /^\S+ \S+$/, 'two words to begin with');
    await page.getByRole('button', { name: 'Find the nearest' }).click();
    const [word] = typed.split(' ');
    await answered(page, `Nearest to ${word}`);
    const rows = await tableOf(page, `Nearest to ${word}`);
    assert.equal(rows.length - 1, 8);
    const cosines = rows.slice(1).map((r) => value(r[1]));
    assert.deepEqual(cosines, [...cosines].sort((a, b) => b - a), 'the nearest first');
    await page.getByRole('button', { name: 'Find the fourth' }).click();
    const [a, b, c] = await Promise.all(['as', 'is to', 'so is'].map((name) => page.getByLabel(name, { exact: true }).inputValue()));
    await answered(page, `As ${a} is to ${b}, so is ${c} to`);
    for (const [near] of (await tableOf(page, `As ${a} is to ${b}, so is ${c} to`)).slice(1)) assert.ok(![a, b, c].includes(near), near);
    await site.settled(page, `word2vec-${nameOf(look)}`);
    await page.getByLabel('Words', { exact: true }).fill('qwertyuiop');
    await page.getByRole('button', { name: 'Find the nearest' }).click();
    await page.getByText(/The model does not know .qwertyuiop.: not in the text/).first().waitFor();
  });

for (const look of LOOKS)
  test(`text classification at ${nameOf(look)}: a run, its sentences, and one typed whose pieces are lit`, async () => {
    const page = await demo(look, OPINIONS);
    assert.match(await noteOf(page, 'Sentences'), /epoch 6 of 6/);
    assert.equal(await page.locator('.pictures .lit-sentence').count(), 8);
    await figure(page, 'Sentences').getByLabel('epoch', { exact: true }).focus();
    await page.keyboard.press('Home');
    assert.match(await noteOf(page, 'Sentences'), /epoch 0 of 6/);
    await figure(page, 'Sentences').getByRole('button', { name: 'Follow the newest' }).click();
    assert.match(await page.getByLabel('Sentences, one a line').inputValue(), /^\S+ [^<]+\n\S+/);
    await page.getByLabel('Sentences, one a line').fill('the table was great and warm\nthe table was not great and cold');
    await page.getByRole('button', { name: 'Classify' }).click();
    const answer = figure(page, 'What the model reads in it');
    await answer.locator('.lit-sentence').nth(1).waitFor();
    assert.deepEqual(await answer.locator('.chance.best .chance-name').allInnerTexts(), ['positive', 'negative']);
    assert.ok((await answer.locator('.lit-sentence').nth(1).locator('.piece.for, .piece.against').count()) > 0, 'pieces are lit');
    const rows = (await tableOf(page, 'What the model reads in it')).slice(1).filter((r) => r[0] === '2');
    const [whole, ...pieces] = rows.map((r) => value(r[3]));
    assert.ok(Math.abs(pieces.reduce((sum, v) => sum + v, 0) - whole) < 0.01, 'shares sum to the score');
    await site.settled(page, `classifier-${nameOf(look)}`);
  });

test('own text is learned from: a file of lines, and one of labelled lines', async () => {
  const page = await open(LOOKS[0], '/demo/blazingtext?h.mode=supervised&h.buckets=2000&h.vector_dim=8&h.epochs=8&h.learning_rate=0.5&h.min_count=1&pace=0');
  const line = (i) => (i % 2 ? `__label__tea hot leaves in a pot number ${i % 7}` : `__label__bread warm flour in an oven number ${i % 5}`);
  const text = Array.from({ length: 80 }, (_, i) => line(i)).join('\n');
  const give = async (label, name) => {
    await page.getByLabel(label, { exact: true }).setInputFiles([{ name, mimeType: 'text/plain', buffer: Buffer.from(text) }]);
    await page.getByRole('button', { name: `Remove the ${label}` }).waitFor();
  };
  await give('training data', 'kitchen.txt');
  await give('validation data', 'more.txt');
  await start(page);
  await ended(page);
  const best = await figure(page, 'Sentences').locator('.chance.best .chance-name').allInnerTexts();
  assert.ok(best.length === 8 && best.every((name) => ['tea', 'bread'].includes(name)), best.join(' '));
  await page.getByRole('button', { name: 'Classify' }).click();
  await figure(page, 'What the model reads in it').locator('.lit-sentence').first().waitFor();
  assert.deepEqual(page.faults, []);
});
