// Data that the learner brings: training rows, and rows to validate on. Sent to the server when chosen; the address
// holds their ids, so that a shared link trains on the same files.
import { useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { send } from '../api.js';
import { announce } from '../state.js';
import { number } from '../format.js';

const CHANNELS = [
  { name: 'train', label: 'training data' },
  { name: 'validation', label: 'validation data' },
];
const BYTES_MAX = 32 * 1024 * 1024; // what the server takes
const FORMATS = {
  'text/csv': { says: 'CSV with the label first and no header', endings: ['.csv'] },
  'text/libsvm': { says: 'libsvm', endings: ['.libsvm', '.svm'] },
  'application/x-parquet': { says: 'Parquet', endings: ['.parquet'] },
  'application/x-recordio-protobuf': { says: 'RecordIO-protobuf', endings: ['.pbr', '.rec', '.recordio'] },
  'application/jsonlines': { says: 'JSON Lines', endings: ['.jsonl', '.json'] },
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
  const known = entry.content_types.map((type) => ({ says: type, endings: [], ...FORMATS[type] }));
  const set = (name, file) => {
    const next = { ...own, [name]: file };
    if (name === 'train' && !file) delete next.validation; // nothing to compare
    setOwn(next);
  };
  return html`<fieldset class="settings">
    <legend>Your own data</legend>
    ${CHANNELS.filter(({ name }) => name === 'train' || own.train).map(
      (channel) => html`<${Channel} key=${channel.name} ...${channel} file=${own[channel.name]}
        set=${(file) => set(channel.name, file)} accept=${known.flatMap((f) => f.endings).join(',')} />`,
    )}
    <small class="quiet">${listed(known.map((f) => f.says))}; the ending of the name tells which
      (${known.flatMap((f) => f.endings.slice(0, 1)).join(' ')}). At most 32 MiB.</small>
  </fieldset>`;
}

const listed = (words) => (words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words[0]);

function Channel({ name, label, file, set, accept }) {
  const [state, setState] = useState({}); // {busy}, {error}, {over}: a file is held above it
  const take = async (chosen) => {
    if (!chosen) return setState({});
    if (chosen.size > BYTES_MAX) return setState({ error: `${chosen.name} has ${size(chosen.size)}: 32 MiB is the most.` });
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
    onDrop: (e) => (e.preventDefault(), take(e.dataTransfer.files[0])),
  };
  return html`<div class="setting own-data">
    ${
      file
        ? html`<span>${label}</span><p class="own-file"><span class="own-name"><strong>${file.name}</strong> <span
            class="quiet own-size">${size(file.bytes)}</span></span><button class="button button-small" type="button"
            aria-label=${`Remove the ${label}`} onClick=${remove}>Remove</button></p>`
        : html`<label class=${state.over ? 'file drop drop-over' : 'file drop'} ...${drop}>
          <input type="file" accept=${accept} disabled=${state.busy} aria-label=${label}
            aria-describedby=${state.error ? `own-${name}-error` : null}
            onChange=${(e) => take(e.target.files[0])} />
          <span>${state.busy ? 'Sending\u2026' : `Choose ${label}`}</span> <small class="quiet">or drop it here</small>
        </label>`
    }
    ${state.error && html`<small class="bad" role="alert" id=${`own-${name}-error`}>${state.error}</small>`}
  </div>`;
}

/** Headers hold plain letters only; the server keeps no others in a name anyway. */
const upload = (file) =>
  send('POST', '/uploads', {
    body: file,
    headers: { 'content-type': 'application/octet-stream', 'x-filename': file.name.replace(/[^\x20-\x7e]/g, '_') },
  });

const UNITS = ['bytes', 'KiB', 'MiB'];
function size(bytes) {
  const unit = bytes < 1024 ? 0 : bytes < 1024 * 1024 ? 1 : 2;
  return `${number(bytes / 1024 ** unit)} ${UNITS[unit]}`;
}
