// What the engine calls a feature: its name, or its number as people count, from 1.
export const featureName = (feature) => (typeof feature === 'number' ? `x${feature + 1}` : String(feature));
