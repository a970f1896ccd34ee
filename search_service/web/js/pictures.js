// Pictures of objects, and objects drawn on pictures.
import { request } from "./api.js";

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
  if (!sessionStorage.getItem("argus-token")) {
    image.src = `/api/v1${path}`;
    return;
  }
  try {
    image.src = URL.createObjectURL(await (await request(path)).blob());
  } catch {
    image.dispatchEvent(new Event("error"));
  }
}

// A mask of the API ({ x, y, w, h, bits }) → a canvas of its own size in `colour`, half transparent.
export async function maskCanvas(mask, colour) {
  const packed = Uint8Array.from(atob(mask.bits), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bits = new Uint8Array(await new Response(stream).arrayBuffer());
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const image = new ImageData(mask.w, mask.h);
  for (let pixel = 0; pixel < mask.w * mask.h; pixel += 1) {
    if (bits[pixel >> 3] & (128 >> (pixel & 7))) image.data.set([red, green, blue, 110], pixel * 4);
  }
  const canvas = document.createElement("canvas");
  canvas.width = mask.w;
  canvas.height = mask.h;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// Draw objects on a canvas of the picture's own size. `objects`: [{ box in fractions, colour, text, mask canvas at x y, faint }].
export function drawObjects(canvas, width, height, objects) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"),
    line = Math.max(2, width / 170),
    size = Math.max(13, Math.round(width / 28));
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "bottom";
  for (const one of objects) {
    const [x0, y0, x1, y1] = one.box.map((part, at) => part * (at % 2 ? height : width));
    if (one.mask && !one.faint) context.drawImage(one.mask.canvas, one.mask.x, one.mask.y);
    context.globalAlpha = one.faint ? 0.55 : 1;
    context.setLineDash(one.faint ? [line * 2.5, line * 2.5] : []);
    context.lineWidth = one.faint ? line * 0.7 : line;
    context.strokeStyle = one.colour;
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    if (!one.faint && one.text) {
      const wide = context.measureText(one.text).width + size * 0.6,
        top = Math.max(size * 1.25, y0);
      const left = Math.max(0, Math.min(x0 - line / 2, width - wide));
      context.fillStyle = one.colour;
      context.fillRect(left, top - size * 1.25, wide, size * 1.25);
      context.fillStyle = "#fff";
      context.fillText(one.text, left + size * 0.3, top - size * 0.08);
    }
    context.globalAlpha = 1;
  }
}
