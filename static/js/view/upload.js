// Data that the learner brings, a file or a few for each channel that the algorithm has. Sent to the server when chosen;
// the address holds their ids, so that a shared link trains on the same files.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { send } from '../api.js';
import { announce } from '../state.js';
import { number } from '../format.js';

const CHANNELS = [
  { name: 'train', label: 'training data' },
  { name: 'validation', label: 'validation data' },
  { name: 'test', label: 'test data' },
  { name: 'vocab', label: 'vocabularies', several: true, says: 'vocab.src.json and vocab.trg.json' },
  { name: 'auxiliary', label: 'pretrained vectors', several: true, says: 'vectors, and the file of their words' },
];
const FILES_MAX = 8; // of one channel
const BYTES_MAX = 32 * 1024 * 1024; // what the server takes
const FORMATS = {
  'text/csv': { says: 'CSV with the label first and no header', endings: ['.csv'] },
  'text/libsvm': { says: 'libsvm', endings: ['.libsvm', '.svm'] },
  'application/x-parquet': { says: 'Parquet', endings: ['.parquet'] },
  'application/x-recordio-protobuf': { says: 'RecordIO-protobuf', endings: ['.pbr', '.rec', '.recordio'] },
  'application/jsonlines': { says: 'JSON Lines', endings: ['.jsonl', '.json', '.gz'] },
};

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
  const channels = CHANNELS.filter(({ name }) => entry.channels.includes(name));
  const known = entry.content_types.map((type) => ({ says: type, endings: [], ...FORMATS[type] }));
  const set = (name, file) => {
    const next = { ...own, [name]: file };
    setOwn(name === 'train' && !file ? {} : next); // without it the others belong to nothing
  };
  return html`<fieldset class="settings">
    <legend>Your own data</legend>
    ${channels.filter(({ name }) => name === 'train' || own.train).map(
      (channel) => html`<${Channel} key=${channel.name} ...${channel} file=${own[channel.name]}
        set=${(file) => set(channel.name, file)} accept=${channel.several ? null : known.flatMap((f) => f.endings).join(',')} />`,
    )}
    <small class="quiet">${listed(known.map((f) => f.says))}; the ending of the name tells which
      (${known.flatMap((f) => f.endings.slice(0, 1)).join(' ')}). At most 32 MiB.</small>
  </fieldset>`;
}

const listed = (words) => (words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words[0]);

function Channel({ name, label, several, says, file, set, accept }) {
  const [state, setState] = useState({}); // {busy}, {error}, {over}: a file is held above it
  const take = async (list) => {
    const chosen = [...(list ?? [])].slice(0, several ? undefined : 1);
    if (!chosen.length) return setState({});
    if (chosen.length > FILES_MAX) return setState({ error: `These are ${chosen.length} files: ${FILES_MAX} are the most.` });
    const large = chosen.find((one) => one.size > BYTES_MAX);
    if (large) return setState({ error: `${large.name} has ${size(large.size)}: 32 MiB is the most.` });
    setState({ busy: true });
    try {
      const stored = await upload(chosen);
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
  const drop = {
    onDragOver: (e) => (e.preventDefault(), setState({ over: true })),
    onDragLeave: () => setState({}),
    onDrop: (e) => (e.preventDefault(), take(e.dataTransfer.files)),
  };
  return html`<div class="setting own-data">
    ${
      file
        ? html`<span>${label}</span><p class="own-file"><span class="own-name"><strong>${file.name}</strong> <span
            class="quiet own-size">${size(file.bytes)}</span></span><button class="button button-small" type="button"
            aria-label=${`Remove the ${label}`} onClick=${remove}>Remove</button></p>`
        : html`<label class=${state.over ? 'file drop drop-over' : 'file drop'} ...${drop}>
          <input type="file" accept=${accept} multiple=${several} disabled=${state.busy} aria-label=${label}
            aria-describedby=${state.error ? `own-${name}-error` : null}
            onChange=${(e) => take(e.target.files)} />
          <span>${state.busy ? 'Sending\u2026' : `Choose ${label}`}</span> <small class="quiet">${says ?? 'or drop it here'}</small>
        </label>`
    }
    ${state.error && html`<small class="bad" role="alert" id=${`own-${name}-error`}>${state.error}</small>`}
  </div>`;
}

/** Sends the files, all into one upload: {id, bytes, name}. */
async function upload(files) {
  let stored = null;
  for (const file of files) {
    const { id, bytes, name } = await send('POST', '/uploads', { body: file, headers: headersOf(file, stored?.id) });
    stored = stored ? { id, bytes: stored.bytes + bytes, name: `${stored.name}, ${name}` } : { id, bytes, name };
  }
  return stored;
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
