// Runs over the real server: with the real trainer, and with programs in its place that behave badly.
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build, last, sleep, start, startServer, watch } from './harness.mjs';

const engine = path.join(build, 'flashlab-engine');
const short = {
  algorithm: 'linear-learner',
  data: 'gauss2:n=200,noise=0.3',
  hyperparameters: { predictor_type: 'binary_classifier', epochs: 1, mini_batch_size: 50 },
};
const long = { ...short, hyperparameters: { ...short.hyperparameters, epochs: 1000, early_stopping_patience: 1000 }, pace: 0.02 };

const isRunning = (events) => events.some((e) => e.data.event === 'start');

async function until(check, message) {
  for (let i = 0; i < 4500; i++, await sleep(20)) if (await check()) return;
  assert.fail(message);
}

const stop = async (server, id) => (await server.send('DELETE', `/api/v1/runs/${id}`)).json;
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('runs', () => {
  let server;
  before(async () => (server = await startServer({ args: ['--runs', '2'] })));
  after(async () => {
    const { code, log } = await server.stop();
    assert.equal(code, 0, log.slice(-4000));
  });

  test('a run says what it does, in numbered events, to whoever watches and whenever', async () => {
    const run = await start(server, { ...short, seed: 7, pace: 0.001 });
    assert.match(run.id, /^[0-9a-f]{16}$/);
    assert.equal(
      run.command,
      'flashlab-engine train --algorithm linear-learner --generate gauss2:n=200,noise=0.3 ' +
        '--set predictor_type=binary_classifier --set epochs=1 --set mini_batch_size=50 --seed 7',
    );
    const events = await watch(server, run.id);
    assert.deepEqual(events.map((e) => e.id), events.map((_, i) => i + 1));
    assert.deepEqual(events[0].data, { event: 'status', status: 'queued', position: 1, ahead_seconds: null });
    assert.equal(events[1].data.status, 'running');
    assert.ok(events[1].data.pid > 1);
    assert.equal(events[2].data.event, 'start');
    assert.equal(events[2].data.hyperparameters.epochs, '1');
    assert.ok(events.some((e) => e.data.event === 'metric' && e.data.name === 'train:objective_loss'));
    assert.equal(events.at(-2).data.event, 'end');
    assert.deepEqual(last(events), { event: 'status', status: 'done', error: null });

    const { json } = await server.get(`/api/v1/runs/${run.id}`);
    assert.deepEqual(
      [json.status, json.position, json.events, json.error, json.algorithm, json.experiment],
      ['done', null, events.length, null, 'linear-learner', null],
    );
    assert.deepEqual(await watch(server, run.id), events);
    assert.deepEqual(await watch(server, run.id, { headers: { 'Last-Event-ID': '3' } }), events.slice(3));
    assert.deepEqual(await watch(server, run.id, { query: '?after=4' }), events.slice(4));
    const over = await server.get(`/api/v1/runs/${run.id}/events`, { 'Last-Event-ID': String(events.length) });
    assert.equal(over.status, 204); // tells the browser not to come back
  });

  test('a watcher that left comes back and misses nothing', async () => {
    const run = await start(server, long);
    const some = await watch(server, run.id, { enough: (e) => e.length > 8 });
    await until(async () => (await server.get('/healthz')).json.watchers === 0, 'the watcher is still counted');
    const more = await watch(server, run.id, {
      headers: { 'Last-Event-ID': String(some.at(-1).id) },
      enough: (e) => e.length > 3,
    });
    assert.equal(more[0].id, some.at(-1).id + 1);
    await stop(server, run.id);
    assert.equal(last(await watch(server, run.id)).status, 'stopped');
  });

  for (const algorithm of ['linear-learner', 'xgboost'])
    test(`the algorithm alone runs its demo: ${algorithm}`, async () => {
      const run = await start(server, { algorithm });
      const { json } = await server.get('/api/v1/algorithms');
      const { demo } = json.algorithms.find((a) => a.name === algorithm);
      assert.ok(run.command.includes(`--generate ${demo.data}`));
      for (const [name, value] of Object.entries(demo.hyperparameters)) assert.ok(run.command.includes(`${name}=${value}`));
      const events = await watch(server, run.id, { enough: (e) => e.some((x) => x.data.event === 'metric') });
      assert.ok(isRunning(events));
      await stop(server, run.id);
      await watch(server, run.id);
    });

  test('more runs than may run at once wait in line, see their place, and all end', async () => {
    const first = [await start(server, long), await start(server, long)];
    for (const run of first) await watch(server, run.id, { enough: isRunning });
    const waiting = [];
    for (let i = 0; i < 10; i++) waiting.push(await start(server, short));
    assert.deepEqual(waiting.map((run) => run.position), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual((await server.get('/healthz')).json.runs, { running: 2, queued: 10 });

    await stop(server, waiting[3].id);
    assert.equal(last(await watch(server, waiting[3].id)).status, 'stopped');
    assert.equal((await server.get(`/api/v1/runs/${waiting[9].id}`)).json.position, 9);
    assert.equal((await server.get(`/api/v1/runs/${waiting[2].id}`)).json.position, 3);

    for (const run of first) await stop(server, run.id);
    for (const [i, run] of waiting.entries()) {
      const events = await watch(server, run.id);
      const places = events.filter((e) => e.data.status === 'queued').map((e) => e.data.position);
      assert.equal(places[0], i + 1);
      assert.ok(places.every((place, k) => k === 0 || place < places[k - 1]), `places ${places}`);
      if (i !== 3) assert.equal(last(events).status, 'done');
    }
    for (const run of first) assert.equal(last(await watch(server, run.id)).status, 'stopped');
    assert.deepEqual((await server.get('/healthz')).json.runs, { running: 0, queued: 0 });
  });

  test('a killed trainer is an error on its own page and nowhere else', async () => {
    const victim = await start(server, long);
    const other = await start(server, { ...short, pace: 0.01 });
    const events = await watch(server, victim.id, { enough: isRunning });
    process.kill(events.find((e) => e.data.status === 'running').data.pid, 'SIGKILL');
    const all = await watch(server, victim.id);
    assert.equal(last(all).status, 'failed');
    assert.match(last(all).error.what, /^Trainer stopped: killed by signal 9 \(SIGKILL\)/);
    assert.ok(last(all).error.where && last(all).error.fix);
    assert.deepEqual((await server.get(`/api/v1/runs/${victim.id}`)).json.error, last(all).error);
    assert.equal(last(await watch(server, other.id)).status, 'done');
  });

  test('what the trainer refuses is said in its words', async () => {
    const run = await start(server, { ...short, hyperparameters: { ...short.hyperparameters, learning_rate: -1 } });
    const events = await watch(server, run.id);
    assert.equal(events.at(-2).data.event, 'error');
    assert.equal(last(events).status, 'failed');
    assert.equal(last(events).error.what, events.at(-2).data.what);
    assert.match(Object.values(last(events).error).join(' '), /learning_rate/);
    const recipe = await start(server, { ...short, data: 'no-such-data' });
    assert.match(Object.values(last(await watch(server, recipe.id)).error).join(' '), /no-such-data/);
  });

  test('an experiment runs, with its flip and its seed in the command', async () => {
    const run = await start(server, { algorithm: 'linear-learner', experiment: 'LL-14', flip: true, seed: 3 });
    assert.equal(run.command, 'flashlab-engine experiment LL-14 --flip --seed 3');
    assert.equal(run.experiment, 'LL-14');
    const events = await watch(server, run.id, { enough: (e) => e.some((x) => x.data.event === 'metric') });
    assert.equal(events.find((e) => e.data.event === 'start').data.flip, true);
    await stop(server, run.id);
    assert.match(last(await watch(server, run.id)).status, /stopped|done/);
  });

  test('requests at fault are refused with a code and the field', async () => {
    const cases = [
      [404, 'unknown_algorithm', 'algorithm', { algorithm: 'k-means' }],
      [400, 'missing_field', 'algorithm', {}],
      [400, 'invalid_field', 'algorithm', { algorithm: 5 }],
      [404, 'unknown_experiment', 'experiment', { algorithm: 'linear-learner', experiment: 'LL-00' }],
      [400, 'invalid_field', 'flip', { algorithm: 'linear-learner', experiment: 'LL-14', flip: 'yes' }],
      [400, 'invalid_field', 'data', { ...short, data: 7 }],
      [400, 'invalid_field', 'data', { ...short, data: 'a\nb' }],
      [400, 'invalid_field', 'data', { ...short, data: '' }],
      [400, 'invalid_field', 'data', { ...short, data: 'x'.repeat(301) }],
      [400, 'invalid_field', 'hyperparameters', { ...short, hyperparameters: ['epochs'] }],
      [400, 'invalid_field', 'hyperparameters', { ...short, hyperparameters: { epochs: [1] } }],
      [400, 'invalid_field', 'hyperparameters', { ...short, hyperparameters: { epochs: 'x'.repeat(512) } }],
      [400, 'invalid_field', 'hyperparameters', { ...short, hyperparameters: { 'a=b': 1 } }],
      [400, 'invalid_field', 'hyperparameters', { ...short, hyperparameters: { 'a\u0007': 1 } }],
      [400, 'invalid_field', 'hyperparameters', { ...short, hyperparameters: { '': 1 } }],
      [400, 'invalid_field', 'hyperparameters',
        { ...short, hyperparameters: Object.fromEntries(Array.from({ length: 81 }, (_, i) => [`h${i}`, 1])) }],
      [400, 'invalid_field', 'seed', { ...short, seed: -1 }],
      [400, 'invalid_field', 'seed', { ...short, seed: 1.5 }],
      [400, 'invalid_field', 'pace', { ...short, pace: -1 }],
      [400, 'invalid_field', 'pace', { ...short, pace: '1' }],
      [400, 'invalid_field', 'pace', { ...short, pace: 1.01 }],
      [400, 'invalid_field', 'flip', { ...short, flip: true }],
      [400, 'invalid_field', 'data', { algorithm: 'linear-learner', experiment: 'LL-14', data: short.data }],
      [400, 'invalid_field', 'hyperparameters', { algorithm: 'linear-learner', experiment: 'LL-14', hyperparameters: {} }],
      [400, 'invalid_field', 'pace', { algorithm: 'linear-learner', experiment: 'LL-14', pace: 0.1 }],
      [400, 'unknown_field', 'hyperparameter', { algorithm: 'linear-learner', hyperparameter: { epochs: 1 } }],
      [400, 'invalid_field', 'device', { ...short, device: '' }],
    ];
    for (const [status, code, field, body] of cases) {
      const answer = await server.post('/api/v1/runs', body);
      assert.deepEqual([answer.status, answer.json.error?.code, answer.json.error?.field], [status, code, field],
        JSON.stringify(body).slice(0, 120) + ' ' + answer.text);
      assert.match(answer.json.error.message, /\.$/);
    }
    const unknown = '/api/v1/runs/0123456789abcdef';
    for (const answer of [await server.get(unknown), await server.get(`${unknown}/events`), await server.send('DELETE', unknown)])
      assert.deepEqual([answer.status, answer.json.error.code], [404, 'unknown_run']);
    const run = await start(server, short);
    assert.equal((await server.get(`/api/v1/runs/${run.id}/events?after=x`)).status, 400);
    const invoked = await server.post(`/api/v1/runs/${run.id}/invocations`, {});
    assert.deepEqual([invoked.status, invoked.json.error.code], [404, 'no_model']); // it runs still
    await watch(server, run.id);
    assert.equal((await stop(server, run.id)).status, 'done'); // stopping what has ended is fine
  });

  test('the model of a finished run answers and can be taken home', async () => {
    const run = await start(server, short);
    await watch(server, run.id);
    assert.equal((await server.get(`/api/v1/runs/${run.id}`)).json.model, true);
    assert.ok(!(await server.get(`/api/v1/runs/${run.id}`)).json.command.includes('--model'));
    const ask = (body, headers) => fetch(`${server.url}/api/v1/runs/${run.id}/invocations`, { method: 'POST', body, headers });
    const one = await ask('1,2\n', { 'Content-Type': 'text/csv', Accept: 'application/json' });
    assert.equal(one.status, 200);
    assert.equal(one.headers.get('content-type'), 'application/json');
    assert.equal((await one.json()).predictions.length, 1);
    const lines = await ask('{"instances":[{"features":[1,2]},{"features":[0,0]}]}',
      { 'Content-Type': 'application/json', Accept: 'application/jsonlines' });
    assert.equal((await lines.text()).trim().split('\n').length, 2);
    const wrong = await ask('1,2,3,4\n', { 'Content-Type': 'text/csv' });
    assert.equal(wrong.status, 400);
    assert.match((await wrong.json()).error.message, /2/);
    assert.equal((await ask('', { 'Content-Type': 'image/png' })).status, 400);
    const packed = await fetch(`${server.url}/api/v1/runs/${run.id}/model`);
    assert.equal(packed.headers.get('content-disposition'), 'attachment; filename="model.tar.gz"');
    const tar = gunzipSync(Buffer.from(await packed.arrayBuffer())).toString('latin1');
    assert.ok(tar.includes('model.json') && tar.includes('linear-learner.json') && tar.includes('ustar'));
    assert.equal((await fetch(`${server.url}/api/v1/runs/0123456789abcdef/model`)).status, 404);
  });

  test("a learner's own file is stored, trained on, and refused with the trainer's words where it is no data", async () => {
    const send = (name, body) => fetch(`${server.url}/api/v1/uploads`, { method: 'POST', body, headers: { 'X-Filename': name } });
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 2},${(i % 2) - 0.5 + (i % 7) / 20},${i % 5}`).join('\n');
    const stored = await send('../../my rows.csv', rows);
    assert.equal(stored.status, 201);
    const { id, name, bytes } = await stored.json();
    assert.deepEqual([name, bytes], ['my_rows.csv', rows.length]);
    const run = await start(server, { algorithm: 'xgboost', train: id, validation: id,
      hyperparameters: { objective: 'binary:logistic', num_round: 3 } });
    const events = await watch(server, run.id);
    assert.equal(events.at(-1).data.status, 'done');
    assert.equal(events.find((e) => e.data.event === 'start').data.data.rows, 60);
    const words = await (await send('words.csv', 'these are,no numbers\n')).json();
    const failed = await start(server, { algorithm: 'xgboost', train: words.id, hyperparameters: { num_round: 3 } });
    const last = (await watch(server, failed.id)).at(-1).data;
    assert.equal(last.status, 'failed');
    assert.match(last.error.where, /words\.csv, line 1/);
    assert.equal((await send('empty.csv', '')).status, 400);
    for (const train of ['0123456789abcdef', '../..', 'x'])
      assert.equal((await server.post('/api/v1/runs', { algorithm: 'xgboost', train })).json.error.code, 'unknown_upload');
    assert.equal((await server.post('/api/v1/runs', { algorithm: 'xgboost', train: id, data: 'gauss2' })).status, 400);
  });

  test('an upload takes several files, for channels that are folders', async () => {
    const send = (name, into) => fetch(`${server.url}/api/v1/uploads`, { method: 'POST', body: '{"<pad>": 0}',
      headers: { 'X-Filename': name, ...(into === undefined ? {} : { 'X-Upload': into }) } });
    const { id } = await (await send('vocab.src.json')).json();
    const second = await send('vocab.trg.json', id);
    assert.equal(second.status, 201);
    assert.equal((await second.json()).id, id, 'the same upload');
    assert.match((await (await send('../vocab.trg.json', id)).json()).error.message, /has a file of that name/);
    for (const into of ['0123456789abcdef', '../..', `${id}0`])
      assert.equal((await send('more.json', into)).status, 400, into);
    for (let i = 2; i < 256; i++) assert.equal((await send(`more-${i}.json`, id)).status, 201);
    assert.match((await (await send('more-256.json', id)).json()).error.message, /at most 256 files/);
    const run = await start(server, { algorithm: 'xgboost', train: id, vocab: id, hyperparameters: { num_round: 3 } });
    const end = last(await watch(server, run.id));
    assert.equal(end.status, 'failed');
    assert.match(`${end.error.what} ${end.error.fix}`, /vocab/, 'an algorithm without that channel says so');
    const unknown = await server.post('/api/v1/runs', { algorithm: 'xgboost', train: id, vocab: '0123456789abcdef' });
    assert.deepEqual([unknown.status, unknown.json.error.field], [404, 'vocab']);
    const missed = await server.post('/api/v1/runs', { algorithm: 'linear-learner', experiment: 'LL-14', vocab: id });
    assert.deepEqual([missed.status, missed.json.error.field], [400, 'vocab']);
  });

  test('an upload of many files is no larger than one of one file', async () => {
    const send = (name, size, into) => fetch(`${server.url}/api/v1/uploads`, { method: 'POST', body: new Uint8Array(size),
      headers: { 'X-Filename': name, ...(into ? { 'X-Upload': into } : {}) } });
    const { id } = await (await send('a.png', 20 << 20)).json();
    assert.match((await (await send('b.png', (12 << 20) + 1, id)).json()).error.message, /at most 32 MiB together/);
    assert.equal((await send('b.png', 12 << 20, id)).status, 201);
  });

  test('what a channel reads of an upload: its only file that is no image, or the folder', async () => {
    const upload = async (...names) => {
      let id;
      for (const name of names)
        ({ id } = await (await fetch(`${server.url}/api/v1/uploads`, { method: 'POST', body: '1,2\n',
          headers: { 'X-Filename': name, ...(id ? { 'X-Upload': id } : {}) } })).json());
      return id;
    };
    const places = [['rows.csv'], ['one.png'], ['one.JPG', 'two.jpeg'], ['one.png', 'list.jsonl', 'two.png'], ['a.csv', 'b.csv']];
    for (const names of places) {
      const train = await upload(...names);
      const { command } = await start(server, { algorithm: 'xgboost', train, hyperparameters: { num_round: 3 } });
      const others = names.filter((name) => !/\.(jpe?g|png)$/i.test(name));
      const wanted = others.length === 1 ? `${train}/${others[0]}` : train;
      assert.ok(command.includes(`/uploads/${wanted} `), `${names}: ${command}`);
    }
  });

  test('a run goes on from a model only where its algorithm has that channel', async () => {
    const run = await start(server, short);
    await watch(server, run.id);
    const answer = await server.post('/api/v1/runs', { ...short, resume: run.id });
    assert.deepEqual([answer.status, answer.json.error.code, answer.json.error.field], [400, 'invalid_field', 'resume']);
    assert.match(answer.json.error.message, /linear-learner does not go on from an earlier model/);
    const of_experiment = await server.post('/api/v1/runs', { algorithm: 'linear-learner', experiment: 'LL-14', resume: run.id });
    assert.deepEqual([of_experiment.status, of_experiment.json.error.field], [400, 'resume']);
  });

  test('all settings a run may have reach the trainer', async () => {
    const hyperparameters = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`h${i}`, i]));
    const run = await start(server, { ...short, hyperparameters });
    assert.match(run.command, /--set h79=79/);
    assert.equal(last(await watch(server, run.id)).status, 'failed'); // the trainer knows none of them
  });

  test('the catalogue and the algorithms are listed', async () => {
    const { json } = await server.get('/api/v1/algorithms');
    assert.deepEqual(json.algorithms.map((a) => a.name),
      ['linear-learner', 'xgboost', 'seq2seq', 'deepar', 'blazingtext', 'object2vec', 'object-detection']);
    assert.ok(json.algorithms[0].hyperparameters.some((h) => h.name === 'learning_rate'));
    for (const a of json.algorithms) assert.ok(a.channels.length && 'demo' in a && a.experiments, a.name);
    const brief = (await server.get('/api/v1/algorithms?brief=1')).json.algorithms;
    assert.deepEqual(brief, json.algorithms.map(({ name, title, experiments }) => ({ name, title, experiments })));
    const { experiments } = (await server.get('/api/v1/experiments')).json;
    const normalising = experiments.find((e) => e.id === 'LL-14');
    assert.equal(normalising.algorithm, 'linear-learner');
    assert.deepEqual(json.algorithms[0].experiments.find((e) => e.id === 'LL-14'),
      { id: 'LL-14', title: normalising.title, claim: normalising.claim });
  });
});

describe('trainers that behave badly', () => {
  let server, hasty, folder;
  const asked = (behaviour) => ({ algorithm: 'linear-learner', data: behaviour, hyperparameters: {} });
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flashlab-engine-'));
    const script = path.join(folder, 'engine');
    await writeFile(script, `#!/bin/sh
[ "$1" = describe ] && exec '${engine}' "$@"
echo '{"event":"start"}'
case "$5" in
  garbage) echo 'Segmentation fault';;
  endless) exec yes '{"event":"log","text":"again"}';;
  no-line) exec cat /dev/zero;;
  forged) echo '{"event":"status","status":"done"}';;
  hang) trap '' TERM; while :; do sleep 0.2; done;;
  liar) echo '{"event":"end","status":"done"}'; exit 3;;
  mute) exit 0;;
  crash) echo 'assertion failed: x > 0' >&2; kill -ABRT $$;;
esac
[ "$5" = good ] && echo '{"event":"end","status":"done"}' && exit 0
sleep 600
`);
    await chmod(script, 0o755);
    server = await startServer({ args: ['--engine', script, '--runs', '3', '--run-seconds', '60'] });
    hasty = await startServer({ args: ['--engine', script, '--run-seconds', '1'] });
  });
  after(async () => {
    await Promise.all([server.stop(), hasty.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('each ends as an error that says what happened, and the server lives', async () => {
    const expected = {
      garbage: /not an event/,
      endless: /more than 20,000 lines/,
      'no-line': /a line of more than 256 KB/,
      forged: /only the server may/,
      liar: /exit status 3 after it had said "done"/,
      mute: /exit status 0 in the middle of its work/,
      crash: /crashed with signal 6 \(SIGABRT\)/,
    };
    const runs = {};
    for (const behaviour of Object.keys(expected)) runs[behaviour] = await start(server, asked(behaviour));
    const good = await start(server, asked('good'));
    for (const [behaviour, what] of Object.entries(expected)) {
      const events = await watch(server, runs[behaviour].id);
      assert.equal(last(events).status, 'failed', behaviour);
      assert.match(last(events).error.what, what);
      assert.ok(last(events).error.fix.length > 10, behaviour);
      assert.ok(events.length <= 20010);
      if (behaviour === 'crash') assert.match(last(events).error.where, /assertion failed: x > 0/);
      assert.equal(events.filter((e) => e.data.event === 'status' && e.data.status === 'done').length, 0, behaviour);
    }
    assert.equal(last(await watch(server, good.id)).status, 'done');
    assert.deepEqual((await server.get('/healthz')).json.runs, { running: 0, queued: 0 });
  });

  test('one that never ends and does not listen is ended', async () => {
    const run = await start(hasty, asked('hang'));
    const { status, error } = last(await watch(hasty, run.id));
    assert.equal(status, 'failed');
    assert.match(error.what, /longer than the 1 seconds/);
    assert.ok(error.fix.length > 10);
  });
});

test('trainers end with the server, also when it is killed', async () => {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const server = await startServer();
    const run = await start(server, long);
    const events = await watch(server, run.id, { enough: isRunning });
    const { pid } = events.find((e) => e.data.status === 'running').data;
    assert.ok(alive(pid));
    await server.stop(signal);
    await until(() => !alive(pid) || readFile(`/proc/${pid}/stat`, 'utf8').then((s) => / Z /.test(s), () => true),
      `the trainer outlived ${signal}`);
  }
});

test('a missing trainer is told at the start, with the option to mend it', async () => {
  await assert.rejects(startServer({ args: ['--engine', '/nowhere/flashlab-engine'] }), /\/nowhere\/flashlab-engine.*--engine/s);
  await assert.rejects(startServer({ args: ['--engine', '/bin/true'] }), /\/bin\/true.*--engine/s);
});
