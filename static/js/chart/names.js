// What the engine calls a feature: its name, or its number as people count, from 1.
export const featureName = (feature) => (typeof feature === 'number' ? `x${feature + 1}` : String(feature));

/** Labels are written as the service writes them, "__label__4". */
export const plainLabel = (label) => String(label).replace(/^__label__/, '');

/** At most so many letters, the last an ellipsis where some are left out. */
export const shortened = (name, letters) => (name.length > letters ? `${name.slice(0, letters - 1)}…` : name);
