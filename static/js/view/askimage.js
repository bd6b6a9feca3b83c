// Shows an image to a detector: one of those it was scored on, or the reader's own. What it finds is drawn over it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from 'htm/preact';
import { send } from '../api.js';
import { announce } from '../state.js';
import { count, number } from '../format.js';
import { Figure } from '../chart/figure.js';
import { Sized } from '../chart/sized.js';
import { Keys, judged, nameOf, Shot, Threshold } from '../chart/shots.js';
import { AsItCame, Notice } from './parts.js';
import { DropZone } from './upload.js';

const BYTES_MAX = 8 * 1024 * 1024; // what the server takes
const SIDE_MAX = 1280; // pixels of an image that has to be drawn anew
const AS_THEY_ARE = ['image/jpeg', 'image/png'];

/** `run`: a finished one of Object Detection; `id`: under which its model is asked. */
export function AskImage({ id, run }) {
  const [shown, setShown] = useState(null); // {src, width, height, name, blob, truth or null, key}
  const [state, setState] = useState({}); // {busy}, {error} or {answer}
  const [confidence, setConfidence] = useState(0.3);
  const { images = [], classes, channel } = run.pictures.images ?? {};
  useEffect(() => () => shown?.src.startsWith('blob:') && URL.revokeObjectURL(shown.src), [shown]);
  const newest = useRef(null); // what an earlier question says when it comes late is not heard
  const ask = async (prepare) => {
    const mine = (newest.current = {});
    const hear = (next) => mine === newest.current && next();
    setState({ busy: true });
    try {
      const image = await prepare();
      hear(() => setShown(image));
      const headers = { 'content-type': image.blob.type };
      const answer = await send('POST', `/runs/${encodeURIComponent(id)}/invocations`, { body: image.blob, headers });
      hear(() => {
        setState({ answer });
        announce(`${count(answer.prediction.filter(([, score]) => score >= confidence).length, 'box', 'boxes')} found`);
      });
    } catch (error) {
      hear(() => setState({ error }));
    }
  };
  return html`<div class="question-box">
    <${DropZone} label="an image of your own" says="JPEG or PNG, or drop it here" accept="image/*" busy=${state.busy}
      take=${([file]) => file && ask(() => prepared(file))} />
    ${images.length > 0 && html`<p class="quiet" id="thumbs-title">or one of the ${channel} images:</p>
      <div class="thumbs" role="group" aria-labelledby="thumbs-title">${images.map(
        (image, i) => html`<button class="thumb" type="button" key=${i} aria-pressed=${String(shown?.key === i)} disabled=${state.busy}
          aria-label=${`image ${i + 1}`} onClick=${() => ask(async () => ({ ...image, src: dataUrl(image), blob: jpegOf(image), key: i }))}><img alt="" src=${dataUrl(image)} /></button>`,
      )}</div>`}
    ${state.error && html`<${Notice} kind="bad" title="The model did not answer.">${state.error.message}<//>`}
    ${shown && !state.error && html`<${Found} image=${shown} found=${state.answer?.prediction} classes=${classes}
      threshold=${{ value: confidence, set: setConfidence }} />`}
    ${state.answer && html`<${AsItCame} answer=${state.answer} />`}
  </div>`;
}

function Found({ image, found = [], classes, threshold }) {
  const verdict = judged(found, image.truth, threshold.value);
  const known = Boolean(image.truth);
  const likeliest = verdict.found[0];
  const summary = likeliest
    ? `${count(verdict.found.length, 'box', 'boxes')} from ${threshold.value.toFixed(2)} on; surest is ${nameOf(classes, likeliest.kind)}, ${number(likeliest.score)}.`
    : `Nothing is found from ${threshold.value.toFixed(2)} on${found.length ? `; ${count(found.length, 'box', 'boxes')} below` : ''}.`;
  return html`<${Figure} title="What the model finds" file="found" note=${image.name} shape="shot" summary=${summary}
    table=${() => tableOf(verdict.found, image, classes, known)}
    picture=${(cursor, point) => html`<${Sized} draw=${({ width, height, rem }) => html`<div class="shots" aria-hidden="true" onPointerLeave=${() => point(null)}>
      <${Shot} ...${image} found=${found} verdict=${verdict} classes=${classes} side=${Math.floor(Math.min(width, height))} rem=${rem}
        threshold=${threshold.value} lit=${cursor === null || !verdict.found[cursor] ? null : { kind: 'found', index: verdict.found[cursor].index }}
        enter=${(kind, index) => kind === 'found' && point(verdict.found.findIndex((f) => f.index === index))} /></div>`} />`}
    tools=${html`<${Threshold} ...${threshold} file="found" /><${Keys} truth=${known} />`} />`;
}

function tableOf(found, { width, height }, classes, known) {
  return {
    columns: ['class', 'score', ...(known ? ['judged'] : []), 'left', 'top', 'right', 'bottom'],
    rows: found.map(({ kind, score, hit, box }) => [
      nameOf(classes, kind),
      score,
      ...(known ? [hit < 0 ? 'false alarm' : 'right'] : []),
      ...box.map((v, k) => Math.round(v * (k % 2 ? height : width))),
    ]),
  };
}

const dataUrl = ({ jpeg }) => `data:image/jpeg;base64,${jpeg}`;
const jpegOf = ({ jpeg }) => new Blob([Uint8Array.from(atob(jpeg), (c) => c.charCodeAt(0))], { type: 'image/jpeg' });

/** A file as it is sent and drawn: as it is, or, where it is too large, turned by a note in it that the model does not
 *  read, or of another kind, drawn anew as a JPEG. */
async function prepared(file) {
  const upright = await createImageBitmap(file).catch(() => null);
  if (!upright) throw new Error(`${file.name} is no image that this browser can read.`);
  const raw = await createImageBitmap(file, { imageOrientation: 'none' });
  const turned = raw.width !== upright.width;
  raw.close();
  const asItIs = AS_THEY_ARE.includes(file.type) && file.size <= BYTES_MAX && !turned;
  const scale = asItIs ? 1 : Math.min(1, SIDE_MAX / Math.max(upright.width, upright.height));
  const [width, height] = [upright.width, upright.height].map((v) => Math.max(1, Math.round(v * scale)));
  const blob = asItIs ? file : await drawn(upright, width, height);
  upright.close();
  return { src: URL.createObjectURL(blob), blob, width, height, name: file.name, truth: null };
}

function drawn(bitmap, width, height) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d').drawImage(bitmap, 0, 0, width, height);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('The image could not be drawn.'))), 'image/jpeg', 0.92));
}
