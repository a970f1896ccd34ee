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
/** @type {(labels: string[], label: string) => string} */
export const colourOf = (labels, label) => COLOURS[Math.max(0, labels.indexOf(label)) % COLOURS.length];

// Show the part of a task's picture around `box` (fractions).
/** @type {(image: HTMLImageElement, task: number, box: number[], size?: number) => void} */
export const cropInto = (image, task, box, size = 224) =>
  show(image, `/images/${task}/crop?box=${box.join(",")}&size=${size}`);
