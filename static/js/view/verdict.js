// Prediction and verdict: what was expected, what came out, and what both runs say together.
import { html } from 'htm/preact';
import { signed } from '../format.js';
import { Icon } from './parts.js';

const PREDICTIONS = [
  ['yes', 'yes'],
  ['no', 'no'],
  ['depends', 'it depends'],
];

export function Predict({ experiment, prediction, predict, locked }) {
  return html`
    <p class="question" id="question"><strong>Your prediction.</strong> ${experiment.question}</p>
    <div class="predict-choices" role="radiogroup" aria-labelledby="question">
      ${PREDICTIONS.map(
        ([value, text]) => html`<label class="choice" key=${value}>
        <input type="radio" name="prediction" value=${value} checked=${prediction === value} disabled=${locked}
          onChange=${() => predict(value)} /><span>${text}</span></label>`,
      )}
    </div>
  `;
}

const KINDS = {
  confirmed: ['tick', 'Confirmed', 'good'],
  refuted: ['cross', 'Refuted', 'bad'],
  too_close: ['tilde', 'Too close to call', 'wait'],
  untestable: ['question', 'Cannot be tested here', 'wait'],
  only_if: ['tilde', 'Only if', 'wait'],
};

/** Its height is the same before and after: first the number so far, then the verdict. `caveat`: what the
 *  verdict does not say, for the claim itself and not for its flip. */
export function Verdict({ verdict, pairs, experiment, running, log, caveat }) {
  const confidence = `${((verdict?.confidence ?? experiment.confidence) * 100).toFixed(1)} %`;
  if (!verdict)
    return html`<div class="verdict verdict-open">
      <p class="verdict-line"><span
        class="verdict-word quiet">No verdict yet</span> ${pairs && html`<${Effect} ...${pairs}
        seeds=${pairs.rows.length} confidence=${confidence} />`}</p>
      <p class="quiet">${running && log ? log : rule(experiment, confidence)}</p>
    </div>`;
  const [icon, word, tone] = KINDS[verdict.verdict] ?? KINDS.untestable;
  return html`<div class=${`verdict verdict-${tone}`} data-verdict=${verdict.verdict}>
    <p class="verdict-line"><span class="verdict-word"><${Icon}
      name=${icon} /> ${word}</span> <${Effect} ...${verdict} confidence=${confidence} /></p>
    <p>${sentence(verdict.text)}</p>
    ${caveat && html`<p class="quiet">${caveat}</p>`}
  </div>`;
}

const rule = ({ band, seeds }, confidence) =>
  `It comes when the ${confidence} interval of the difference lies wholly inside or wholly outside \u00b1${band}: ` +
  `after ${seeds.start} seeds at the earliest, ${seeds.cap} at the latest.`;

/** The verdict's sentence without the word that stands above it already. */
function sentence(text) {
  const rest = text.replace(/^[A-Z][a-z ]+: /, '');
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function Effect({ mean, low, high, seeds, confidence }) {
  if (!Number.isFinite(mean)) return null;
  return html`<span class="effect">\u0394 ${signed(mean)} ${Number.isFinite(low) && html`[${signed(low)}, ${signed(high)}]`}</span>
    <span class="quiet">${seeds} seed${seeds === 1 ? '' : 's'}, ${confidence} interval</span>`;
}

/** Confirmed here and refuted there: the condition is the answer. */
export function Combined({ experiment, first, second }) {
  if (first?.verdict !== 'confirmed' || second?.verdict !== 'refuted') return null;
  return html`<div class="verdict verdict-wait combined" data-verdict="only_if">
    <p class="verdict-line"><span class="verdict-word"><${Icon}
      name="tilde" /> Only if ${experiment.flip.condition}</span></p>
    <p>Confirmed where ${experiment.flip.condition}, refuted where not. That is what to remember of the card.</p>
  </div>`;
}

/** Compares the prediction with what came out; "depends" is decided by the flip. */
export function predictionWords(prediction, first, second) {
  if (!prediction) return 'You watched this run without a prediction.';
  const depends = first.verdict === 'confirmed' && second?.verdict === 'refuted';
  const said = `You predicted \u201c${prediction === 'depends' ? 'it depends' : prediction}\u201d.`;
  if (depends)
    return prediction === 'depends'
      ? `${said} It does: the flip shows on what.`
      : prediction === 'yes'
        ? `${said} It holds here, and the flip shows where it does not.`
        : `${said} It does hold here; the flip shows where it does not.`;
  if (prediction === 'depends') return `${said} Flip it to see on what.`;
  if (first.verdict === 'confirmed')
    return prediction === 'yes' ? `${said} So it came out.` : `${said} It came out the other way.`;
  if (first.verdict === 'refuted')
    return prediction === 'no' ? `${said} So it came out.` : `${said} It came out the other way.`;
  return `${said} This run does not decide it.`;
}
