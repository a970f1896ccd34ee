// Pictures of objects, and the colours of labels.
import { show } from "./api.js";

export const COLOURS = [
  "#2754d0",
  "#c2410c",
  "#0f766e",
  "#a21caf",
  "#4d7c0f",
  "#b91c1c",
  "#0369a1",
  "#854d0e",
  "#6d28d9",
  "#be185d",
];
let own = /** @type {Record<string, string>} */ ({}); // colours of the project's labels, as in Label Studio
/** @param {Record<string, string>} colours */
export function useColours(colours) {
  own = colours;
}
/** @type {(labels: string[], label: string) => string} */
export const colourOf = (labels, label) =>
  (Object.hasOwn(own, label) && own[label]) || COLOURS[Math.max(0, labels.indexOf(label)) % COLOURS.length];

// Black or white, whichever stands out more on a colour (#rrggbb): always by 4.58 or more.
/** @param {string} paint */
export function inkOn(paint) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(paint.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 ? "#fff" : "#000";
}

// Show the part of a task's picture around `box` (fractions).
/** @type {(image: HTMLImageElement, task: number, box: number[], size?: number) => void} */
export const cropInto = (image, task, box, size = 224) =>
  show(image, `/images/${task}/crop?box=${box.join(",")}&size=${size}`);
