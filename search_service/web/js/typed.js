// Typed text, read as people type it; the same as argus/typed_text.py, where the rule is explained.
const SEPARATORS = /[,،、，､﹐﹑]/;

// The parts of a typed list, each as it was typed: "cpu、fan，hdd" → ["cpu", "fan", "hdd"].
/** @param {string} text */
export const splitList = (text) =>
  text
    .split(SEPARATORS)
    .map((part) => part.trim())
    .filter(Boolean);

// What is compared when somebody looks for a name: width and case do not count.
/** @param {string} text */
export const nameKey = (text) => text.normalize("NFKC").trim().toLowerCase();
