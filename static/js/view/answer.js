// The two sides of a card, by its type: recall, cloze, single choice.
import { html } from 'htm/preact';
import { saysMore } from '../format.js';
import { Icon } from './parts.js';

const BLANK = /_{3,}/;

export function Question({ card, revealed, chosen, choose }) {
  return html`
    <h2 class="stem">${card.type === 'cloze' ? html`<${Cloze} card=${card} filled=${revealed} />` : card.stem}</h2>
    ${card.type === 'single' && html`<${Options} card=${card} revealed=${revealed} chosen=${chosen}
      choose=${choose} />`}
  `;
}

/** The stem with its blank, or with the word in it. */
function Cloze({ card, filled }) {
  const parts = card.stem.split(BLANK);
  return parts.map(
    (part, i) =>
      html`${part}${
        i < parts.length - 1 &&
        (filled
          ? html`<mark class="filled">${card.answers[0]}</mark>`
          : html`<span class="blank"><span class="unseen">blank</span></span>`)
      }`,
  );
}

function Options({ card, revealed, chosen, choose }) {
  return html`<ol class="options">
    ${card.options.map((option, i) => {
      const letter = 'ABCDE'[i];
      if (!revealed)
        return html`<li key=${i}><button class="option" type="button" onClick=${() => choose(i)}>
          <span class="letter" aria-hidden="true">${letter}</span><span>${option.text}</span></button></li>`;
      return html`<li key=${i}><${Judged} option=${option} letter=${letter} right=${i === card.key}
        mine=${i === chosen} /></li>`;
    })}
  </ol>`;
}

function Judged({ option, letter, right, mine }) {
  const word = right ? (mine ? 'right, your choice' : 'right') : mine ? 'wrong, your choice' : 'wrong';
  return html`<div class=${`option judged ${right ? 'right' : mine ? 'wrong' : 'other'}`}>
    <span class="letter" aria-hidden="true">${right || mine ? html`<${Icon}
      name=${right ? 'tick' : 'cross'} />` : letter}</span>
    <span>
      ${option.text} <span class=${right || mine ? 'judgement' : 'unseen'}>${word}</span>
      ${!right && option.why && html`<span class="why">${option.why}</span>`}
    </span>
  </div>`;
}

export function Answer({ card, ticked, tick }) {
  const more = saysMore(card);
  return html`
    ${card.type === 'recall' && html`<${Items} card=${card} ticked=${ticked} tick=${tick} />`}
    ${more && html`<p class="explanation">${more}</p>`}
    ${card.correction && html`<p class="correction">${card.correction}</p>`}
  `;
}

/** The items to remember; the ticks are the learner's own count and are not sent. */
function Items({ card, ticked, tick }) {
  const many = card.answers.length > 1;
  return html`
    <ul class="items">
      ${card.answers.map(
        (item, i) => html`<li key=${i}>
        ${
          many
            ? html`<label><input type="checkbox" checked=${ticked.includes(i)} onChange=${() => tick(i)} />
              <span>${item}</span></label>`
            : html`<span class="single-item">${item}</span>`
        }
      </li>`,
      )}
    </ul>
    ${many && html`<p class="quiet" aria-live="polite">${ticked.length} of ${card.answers.length} remembered</p>`}
  `;
}

/** The answer in a few words, for lists of cards. */
export function answerLine(card) {
  return card.type === 'single' ? card.options[card.key].text : card.answers.join('; ');
}
