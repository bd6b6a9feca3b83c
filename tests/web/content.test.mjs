// The built-in notes: complete in their topics, read without a complaint, each fact with its source, and what they say
// of Linear Learner's hyperparameters is what the engine has.
import assert from 'node:assert/strict';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { build, root, run, temporaryFolder } from './harness.mjs';

const ALGORITHMS = ['Linear Learner', 'XGBoost', 'Seq2Seq', 'DeepAR', 'BlazingText', 'Object2Vec', 'Object Detection'];
const TOPICS = ['Model type', 'Input', 'Training', 'Hyperparameters', 'Instances', 'Inference', 'Metrics'];
const MARK = /^(Source|Often wrong|Why|Also true): (.+)$/;
const HEADING = new RegExp(`^(${ALGORITHMS.join('|')}) - (.+)$`);
const NAMED = /^([a-z]\w*) = (.+)$/;

const folder = path.join(root, 'content/notes');
const files = (await readdir(folder)).filter((name) => name.endsWith('.txt')).sort();
const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));

// Every line of a file: { where, text, algorithm, topic, source, kind } with kind heading, lead-in, fact or a mark.
function readLines(text, file) {
  let algorithm, topic, source;
  return text.trimEnd().split('\n').map((line, index) => {
    const heading = HEADING.exec(line);
    const mark = MARK.exec(line);
    if (heading) [algorithm, topic, source] = [heading[1], heading[2], undefined];
    if (mark?.[1] === 'Source') source = mark[2];
    const kind = heading ? 'heading' : (mark?.[1] ?? (line.endsWith(':') ? 'lead-in' : 'fact'));
    return { where: `${file}, line ${index + 1}: ${line}`, text: mark?.[2] ?? line, algorithm, topic, source, kind };
  });
}

const lines = texts.flatMap((text, i) => readLines(text, files[i]));
const facts = lines.filter(({ kind }) => kind === 'fact');

describe('the built-in notes', () => {
  let temporary;
  let checked;
  const check = async (text) => {
    const file = path.join(temporary, 'notes.txt');
    await writeFile(file, text);
    return run(['check', file]);
  };
  before(async () => {
    temporary = await temporaryFolder();
    checked = await check(texts.join(''));
  });
  after(() => rm(temporary, { recursive: true, force: true }));

  it('are read without a line to look at', async () => {
    assert.equal(checked.code, 0, checked.stderr);
    assert.doesNotMatch(checked.stdout, /to look at/);
    const broken = await check(`${texts.join('')}What is missing here:\n`);
    assert.match(broken.stdout, /1 line to look at/, 'a broken line is noticed');
  });

  it('have seven algorithms with the seven topics each', () => {
    const found = new Map();
    let algorithm;
    for (const line of checked.stdout.split('\n')) {
      algorithm = /^(.+): \d+ sections?, /.exec(line)?.[1] ?? algorithm;
      const topic = /^ {2}line \d+ +(.+) \([a-z -]+\): (\d+) facts?, (\d+) cards?$/.exec(line);
      if (!topic) continue;
      assert.ok(Number(topic[2]) > 0 && Number(topic[3]) > 0, `${algorithm}: ${line}`);
      found.set(algorithm, [...(found.get(algorithm) ?? []), topic[1]]);
    }
    assert.deepEqual([...found.keys()], ALGORITHMS);
    for (const [name, topics] of found) {
      assert.equal(new Set(topics).size, topics.length, `${name} has a topic twice`);
      assert.deepEqual(TOPICS.filter((topic) => !topics.includes(topic)), [], `${name} lacks topics`);
    }
  });

  it('say of every fact where it was read', () => {
    assert.ok(facts.length > 400);
    assert.deepEqual(lines.filter(({ kind, source }) => kind !== 'heading' && !source).map(({ where }) => where), []);
  });

  it('define each name once for an algorithm, and say nothing twice', () => {
    for (const algorithm of ALGORITHMS) {
      const own = facts.filter((fact) => fact.algorithm === algorithm);
      const names = own.map(({ text }) => NAMED.exec(text)?.[1]).filter(Boolean);
      assert.ok(names.length > 5, algorithm);
      assert.equal(new Set(names).size, names.length, algorithm);
      const sentences = own.filter(({ text }) => !text.startsWith('- ')).map(({ text }) => text);
      assert.equal(new Set(sentences).size, sentences.length, algorithm);
      const also = lines.filter((line) => line.kind === 'Also true' && line.algorithm === algorithm);
      const known = also.filter(({ topic }) => topic === 'Hyperparameters').flatMap(({ text }) => text.split(', '));
      assert.deepEqual(known.filter((name) => names.includes(name)), [], `${algorithm}: asked and not asked`);
    }
  });

  // A misspelt word is nothing to ask for; a wrong name is ("optimise_type"), so names are left out.
  it('mark as often wrong what a learner can set right', () => {
    const wordsOf = (text) => text.toLowerCase().split(/[^a-z]+/).map((word) => word.replace(/s$/, ''))
      .filter((word) => word.length > 4);
    const known = new Set(lines.filter(({ kind }) => kind !== 'Often wrong').flatMap(({ text }) => wordsOf(text)));
    const near = (word, other) => other.length > 5 && Math.abs(word.length - other.length) < 2 &&
      [...word].some((letter, i) => word.slice(0, i) + word.slice(i + 1) === other
        || other.slice(0, i) + other.slice(i + 1) === word
        || (word.slice(0, i) === other.slice(0, i) && word.slice(i + 1) === other.slice(i + 1)));
    const marks = lines.filter(({ kind }) => kind === 'Often wrong');
    assert.ok(marks.length > 20);
    const slips = marks.filter(({ text }) => wordsOf(text.replace(/\w*_\w*/g, ' '))
      .some((word) => !known.has(word) && [...known].some((other) => near(word, other))));
    assert.deepEqual(slips.map(({ where }) => where), []);
  });

  it('can be read line by line', () => {
    assert.deepEqual(facts.filter(({ text }) => /^(- )?(It|Its|They|Their)\b/.test(text)).map(({ where }) => where), []);
  });
});

describe('what the notes say of the hyperparameters of Linear Learner', () => {
  let table;
  const own = lines.filter(({ algorithm }) => algorithm === 'Linear Learner');
  const named = own.filter(({ kind }) => kind === 'fact').map(({ text }) => NAMED.exec(text)).filter(Boolean);
  before(async () => {
    const command = path.join(build, 'flashlab-engine');
    const { code, stdout, stderr } = await run(['describe', 'linear-learner', '--json'], { command });
    assert.equal(code, 0, stderr);
    table = new Map(JSON.parse(stdout).algorithms[0].hyperparameters.map((entry) => [entry.name, entry]));
  });

  it('names all that the engine has, and nothing else', () => {
    const also = own.filter(({ kind, topic }) => kind === 'Also true' && topic === 'Hyperparameters');
    const names = [...named.map(([, name]) => name), ...also.flatMap(({ text }) => text.split(', '))];
    assert.deepEqual(names.sort(), [...table.keys()].sort());
  });

  it('gives the defaults of the engine', () => {
    let stated = 0;
    for (const [, name, meaning] of named) {
      const claimed = /; default (\S+)$/.exec(meaning)?.[1];
      if (claimed === undefined) continue;
      const { default: real } = table.get(name);
      const same = claimed === real || (real !== null && Number(claimed) === Number(real));
      assert.ok(same, `${name}: the notes say ${claimed}, the engine ${real}`);
      stated++;
    }
    assert.ok(stated >= 15, `only ${stated} defaults are stated`);
  });

  it('says which must always be given', () => {
    const claimed = named.filter(([line]) => line.endsWith('; it must always be given')).map(([, name]) => name);
    const real = [...table.values()].filter(({ required, when }) => required && !when).map(({ name }) => name);
    assert.deepEqual(claimed.sort(), real.sort());
  });
});
