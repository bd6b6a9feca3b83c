// The boxes over a few images, epoch by epoch: the reader goes back in time with one slider and says with the other from
// which confidence on a box counts.
import { html } from 'htm/preact';
import { count, number } from '../format.js';
import { Figure } from './figure.js';
import { Sized } from './sized.js';
import { Moments, momentWords } from './moments.js';
import { Keys, judged, nameOf, Shot, Threshold } from './shots.js';

/** `images`: the picture of that name; `detections`: all that came, oldest first; `moment`, `threshold`: {value, set},
 *  shared with the curves beside it; `least`: the overlap that makes a hit. */
export function Detections({ images, detections, epochs, moment, threshold, least = 0.5 }) {
  const shown = detections[moment.at];
  const words = shown ? momentWords('epoch', shown.epoch, epochs) : images && 'before the first epoch';
  const list = (images?.images ?? []).map((image, i) => {
    const found = shown?.images[i] ?? [];
    return { ...image, found, verdict: judged(found, image.truth, threshold.value, least) };
  });
  const stops = list.flatMap((image, i) => [
    ...image.truth.map((_, index) => ({ i, kind: 'true', index })),
    ...image.verdict.found.map((f) => ({ i, kind: 'found', index: f.index })),
  ]);
  return html`<${Figure} title="Boxes" note=${words && `${words}, ${images.channel} images`} file="boxes" shape="shots" empty=${!list.length}
    summary=${summary(list, shown, threshold.value)} table=${() => tableOf(list, stops, images.classes)}
    picture=${(cursor, point) => html`<${Sized} draw=${({ rem, ...room }) => html`<${Grid} side=${sideOf(room, rem, list.length)} rem=${rem}
      list=${list} classes=${images.classes} threshold=${threshold.value} lit=${cursor === null ? null : stops[cursor]}
      point=${(i, kind, index) => point(i === null ? null : stops.findIndex((s) => s.i === i && s.kind === kind && s.index === index))} />`} />`}
    tools=${html`<${Moments} name="epoch" moment=${moment} text=${words} /><${Threshold} ...${threshold} file="boxes" /><${Keys} />`} />`;
}

const GAP = 0.5; // rem between two images
const LEAST = 10; // rem: where they would be smaller, two stand side by side and the rest is scrolled to

/** The side of a square such that all of them fill the room. */
function sideOf({ width, height }, rem, count) {
  const fits = (n) => Math.min((width + GAP * rem) / n, (height + GAP * rem) / Math.ceil(count / n)) - GAP * rem;
  const side = Math.max(...Array.from({ length: count }, (_, k) => fits(k + 1)));
  return Math.floor(side < LEAST * rem ? (width - GAP * rem) / 2 : side);
}

function Grid({ side, rem, list, classes, threshold, lit, point }) {
  return html`<div class="shots" aria-hidden="true" style=${{ 'grid-template-columns': `repeat(auto-fill, ${side}px)` }}
    onPointerLeave=${() => point(null)}>${list.map(
      (image, i) => html`<${Shot} key=${i} ...${image} src=${`data:image/jpeg;base64,${image.jpeg}`} classes=${classes} side=${side} rem=${rem}
        threshold=${threshold} lit=${lit?.i === i ? lit : null} enter=${(kind, index) => point(i, kind, index)} />`,
    )}</div>`;
}

function summary(list, shown, threshold) {
  if (!list.length) return 'A few images appear here, with the boxes that the model finds in them.';
  const truths = list.reduce((n, image) => n + image.truth.length, 0);
  if (!shown) return `${count(truths, 'object')} in ${count(list.length, 'image')} to be found.`;
  const hits = list.reduce((n, image) => n + image.verdict.hit.filter(Boolean).length, 0);
  const found = list.reduce((n, image) => n + image.verdict.found.length, 0);
  return `From ${threshold.toFixed(2)} on: ${hits} of ${count(truths, 'object')} found, ${count(found - hits, 'false alarm')}.`;
}

function tableOf(list, stops, classes) {
  const place = ({ width, height }, [left, top, right, bottom]) =>
    `${Math.round(left * width)}, ${Math.round(top * height)} to ${Math.round(right * width)}, ${Math.round(bottom * height)}`;
  return {
    columns: ['image', 'box', 'class', 'score', 'judged', 'pixels'],
    rows: stops.map(({ i, kind, index }) => {
      const image = list[i];
      if (kind === 'true') {
        const [of, ...box] = image.truth[index];
        return [i + 1, 'true', nameOf(classes, of), undefined, image.verdict.hit[index] ? 'found' : 'missed', place(image, box)];
      }
      const f = image.verdict.found.find((one) => one.index === index);
      return [i + 1, 'found', nameOf(classes, f.kind), Number(number(f.score, 3)), f.hit < 0 ? 'false alarm' : 'right', place(image, f.box)];
    }),
  };
}
