// Pictures of objects, and the colours of labels.
import { carriesToken, request } from "./api.js";

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
export const colourOf = (labels, label) => COLOURS[Math.max(0, labels.indexOf(label)) % COLOURS.length];

// Show the part of a task's picture around `box` (fractions). An <img> cannot carry a token, so with one it is fetched.
export async function cropInto(image, task, box, size = 224) {
  const path = `/images/${task}/crop?box=${box.join(",")}&size=${size}`;
  if (!carriesToken()) {
    image.src = `/api/v1${path}`;
    return;
  }
  try {
    image.src = URL.createObjectURL(await (await request(path)).blob());
  } catch {
    image.dispatchEvent(new Event("error"));
  }
}
