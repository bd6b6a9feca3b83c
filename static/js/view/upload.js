// Data that the learner brings, a file or a few for each channel that the algorithm has; images by the folder. Sent to the
// server when chosen; the address holds their ids, so that a shared link trains on the same files.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { send } from '../api.js';
import { announce } from '../state.js';
import { number } from '../format.js';

const CHANNELS = [
  { name: 'train', label: 'training data' },
  { name: 'train_annotation', label: 'training boxes', several: true, says: 'one JSON an image; .rec and .jsonl hold them' },
  { name: 'validation', label: 'validation data' },
  { name: 'validation_annotation', label: 'validation boxes', several: true, says: 'one JSON an image' },
  { name: 'test', label: 'test data' },
  { name: 'vocab', label: 'vocabularies', several: true, says: 'vocab.src.json and vocab.trg.json' },
  { name: 'auxiliary', label: 'pretrained vectors', several: true, says: 'vectors, and the file of their words' },
];
/** What a channel holds for one algorithm, where it is something else. */
const OWN_WORDS = {
  blazingtext: { auxiliary: { label: 'word similarities', says: 'pairs of words with a score, one a line' } },
};
const FILES_MAX = 256; // of one channel
const BYTES_MAX = 32 * 1024 * 1024; // of one channel: what the server takes
const FORMATS = {
  'text/csv': { says: 'CSV with the label first and no header', endings: ['.csv'] },
  'text/libsvm': { says: 'libsvm', endings: ['.libsvm', '.svm'] },
  'text/plain': { says: 'plain text, a sentence a line', endings: ['.txt'] },
  'application/x-parquet': { says: 'Parquet', endings: ['.parquet'] },
  'application/x-recordio-protobuf': { says: 'RecordIO-protobuf', endings: ['.pbr', '.rec', '.recordio'] },
  'application/jsonlines': { says: 'JSON Lines', endings: ['.jsonl', '.json', '.manifest', '.gz'] },
  'image/jpeg': { says: 'JPEG', endings: ['.jpg', '.jpeg'] },
  'image/png': { says: 'PNG', endings: ['.png'] },
  'application/x-recordio': { says: 'MXNet image records', endings: ['.rec'] },
};
const MIXED = 'application/x-image'; // JPEG and PNG together: no kind of file of its own

/** {train, validation}, each {id, bytes, name} or absent, as the address states them: "id/bytes/name". */
export function ownData(query) {
  const found = CHANNELS.map(({ name }) => [name, /^([0-9a-f]{16})\/(\d+)\/(.+)$/.exec(query.get(name) ?? '')]);
  return Object.fromEntries(
    found.filter(([, m]) => m).map(([name, [, id, bytes, file]]) => [name, { id, bytes: Number(bytes), name: file }]),
  );
}

/** The same the other way, for setQuery. */
export const ownAddress = (own) =>
  Object.fromEntries(
    CHANNELS.map(({ name }) => [name, own[name] ? `${own[name].id}/${own[name].bytes}/${own[name].name}` : null]),
  );

/** What a run is asked for: {train, validation}, ids. */
export const ownChannels = (own) =>
  Object.fromEntries(CHANNELS.filter(({ name }) => own[name]).map(({ name }) => [name, own[name].id]));

export function OwnData({ entry, own, setOwn }) {
  const images = entry.content_types.includes(MIXED);
  const channels = CHANNELS.filter(({ name }) => entry.channels.includes(name)).map((channel) => ({
    ...channel,
    several: channel.several || images,
    says: channel.says ?? (images ? 'images, or a folder of them dropped here' : null),
    ...OWN_WORDS[entry.name]?.[channel.name],
  }));
  const known = entry.content_types.filter((type) => type !== MIXED).map((type) => ({ says: type, endings: [], ...FORMATS[type] }));
  const accept = known.flatMap((f) => f.endings).join(',');
  const set = (name, file) => {
    const next = { ...own, [name]: file };
    setOwn(name === 'train' && !file ? {} : next); // without it the others belong to nothing
  };
  return html`<fieldset class="settings">
    <legend>Your own data</legend>
    ${channels.filter(({ name }) => name === 'train' || own.train).map(
      (channel) => html`<${Channel} key=${channel.name} ...${channel} file=${own[channel.name]}
        set=${(file) => set(channel.name, file)} accept=${PARTS.includes(channel.name) ? accept : null} />`,
    )}
    <small class="quiet">${listed(known.map((f) => f.says))}; the ending of the name tells which
      (${known.flatMap((f) => f.endings.slice(0, 1)).join(' ')}). At most 32 MiB${images ? ` and ${FILES_MAX} files` : ''}.</small>
  </fieldset>`;
}

const PARTS = ['train', 'validation', 'test'];
const listed = (words) => (words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words[0]);

function Channel({ name, label, several, says, file, set, accept }) {
  const [state, setState] = useState({}); // {busy: what is being done} or {error}
  const take = async (chosen) => {
    const problem = faultOf(chosen);
    if (problem || !chosen.length) return setState(problem ? { error: problem } : {});
    setState({ busy: 'Sending\u2026' });
    try {
      const stored = await upload(chosen, (n) => n > 1 && setState({ busy: `Sending ${n} of ${chosen.length}\u2026` }));
      setState({});
      set(stored);
      announce(`${stored.name} is the ${label}`);
    } catch (error) {
      setState({ error: error.message });
    }
  };
  const remove = () => {
    set(null);
    announce(`${file.name} is removed`);
  };
  return html`<div class="setting own-data">
    ${
      file
        ? html`<span>${label}</span><p class="own-file"><span class="own-name"><strong>${file.name}</strong> <span
            class="quiet own-size">${size(file.bytes)}</span></span><button class="button button-small" type="button"
            aria-label=${`Remove the ${label}`} onClick=${remove}>Remove</button></p>`
        : html`<${DropZone} label=${label} says=${says} several=${several} accept=${accept} busy=${state.busy} take=${take}
            fault=${state.error ? `own-${name}-error` : null} />`
    }
    ${state.error && html`<small class="bad" role="alert" id=${`own-${name}-error`}>${state.error}</small>`}
  </div>`;
}

/** A place to choose files or drop them on; take(files). `busy`: what stands there while it works; `fault`: the id of what
 *  describes it. */
export function DropZone({ label, says, several, accept, busy, take, fault }) {
  const [over, setOver] = useState(false);
  const chosen = (files) => take(several ? files : files.slice(0, 1));
  const drop = {
    onDragOver: (e) => (e.preventDefault(), setOver(true)),
    onDragLeave: () => setOver(false),
    onDrop: async (e) => {
      e.preventDefault();
      setOver(false);
      chosen(await dropped(e.dataTransfer));
    },
  };
  return html`<label class=${over ? 'file drop drop-over' : 'file drop'} ...${drop}>
    <input type="file" accept=${accept} multiple=${several} disabled=${Boolean(busy)} aria-label=${label} aria-describedby=${fault}
      onChange=${(e) => chosen([...e.target.files])} />
    <span>${busy ? (busy === true ? 'Reading\u2026' : busy) : `Choose ${label}`}</span> <small class="quiet">${says ?? 'or drop it here'}</small>
  </label>`;
}

/** What was dropped; of a folder the files in it. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.map((entry) => (entry.isDirectory ? inFolder(entry) : [entry])));
  return Promise.all(found.flat().map((entry) => new Promise((done, fail) => entry.file(done, fail))));
}

/** The entries of files in a folder; a reader hands them out by the hundred, until it has none. */
async function inFolder(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return all.filter((entry) => entry.isFile && !entry.name.startsWith('.'));
    all.push(...some);
  }
}

function faultOf(files) {
  if (files.length > FILES_MAX) return `These are ${files.length} files: ${FILES_MAX} are the most.`;
  const large = files.find((one) => one.size > BYTES_MAX);
  if (large) return `${large.name} has ${size(large.size)}: 32 MiB is the most.`;
  const bytes = files.reduce((sum, one) => sum + one.size, 0);
  return bytes > BYTES_MAX ? `They have ${size(bytes)} together: 32 MiB is the most.` : null;
}

const NAMED = 3; // files of an upload whose names are shown

/** Sends the files, all into one upload: {id, bytes, name}; tell(n): the nth is on its way. */
async function upload(files, tell) {
  let [into, bytes, names] = [null, 0, []];
  for (const [i, file] of files.entries()) {
    tell(i + 1);
    const stored = await send('POST', '/uploads', { body: file, headers: headersOf(file, into) });
    into = stored.id;
    bytes += stored.bytes;
    names.push(stored.name);
  }
  return { id: into, bytes, name: names.length > NAMED ? `${names[0]} and ${names.length - 1} more` : names.join(', ') };
}

/** Headers hold plain letters only; the server keeps no others in a name anyway. */
const headersOf = (file, into) => ({
  'content-type': 'application/octet-stream',
  'x-filename': file.name.replace(/[^\x20-\x7e]/g, '_'),
  ...(into ? { 'x-upload': into } : {}),
});

const UNITS = ['bytes', 'KiB', 'MiB'];
function size(bytes) {
  const unit = bytes < 1024 ? 0 : bytes < 1024 * 1024 ? 1 : 2;
  return `${number(bytes / 1024 ** unit)} ${UNITS[unit]}`;
}
