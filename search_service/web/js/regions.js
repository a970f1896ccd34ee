// Boxes, outlines and masks drawn over a picture. Positions are fractions of its sides, so nothing has to know its size.
import { h, svg } from "./dom.js";
import { number } from "./i18n.js";
import { colourOf, inkOn } from "./pictures.js";

const TAG = 22; // pixels that a tag needs above its box

/**
 * @typedef {object} Drawn
 * @property {string} label
 * @property {number | null} score
 * @property {number[]} box
 * @property {number[][][] | null} [rings]
 * @property {HTMLCanvasElement | null} [shade]
 * @property {string} [colour]
 * @property {boolean} [faint]
 * @property {boolean} [chosen]
 */

// Fills `layer` (class "regions", laid exactly over the picture) with objects, the last on top. `labels` gives each label
// its colour. An object: { label, score or null, box, rings?, shade?, colour?, faint? }; `shade` is made below, a faint
// one is only a dashed box.
/** @param {HTMLElement} layer @param {Drawn[]} objects @param {string[]} labels */
export function drawObjects(layer, objects, labels) {
  const lines = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  const shades = [];
  const tags = [];
  for (const object of objects) {
    const [x0, y0, x1, y1] = object.box,
      paint = object.colour ?? colourOf(labels, object.label);
    const shape = { d: object.rings?.length ? outline(object.rings) : `M${x0} ${y0}H${x1}V${y1}H${x0}Z` };
    if (object.faint) {
      lines.append(svg("path", { ...shape, class: "line faint", stroke: paint }));
      continue;
    }
    if (object.shade) shades.push(object.shade);
    lines.append(svg("path", { ...shape, class: "rim" }), svg("path", { ...shape, class: "line", stroke: paint }));
    const tag = tagOf(object, paint);
    if (object.chosen) tag.classList.add("chosen"); // it makes way for the frame around the object
    if (y0 * (layer.clientHeight || 400) < TAG) tag.classList.add("inside");
    tags.push(tag);
  }
  layer.replaceChildren(...shades, lines, ...tags);
  const wide = tags.map((tag) => tag.offsetWidth); // all are measured before any is moved: one layout, not one each
  for (const [place, tag] of tags.entries())
    tag.style.left = `max(0px, min(${tag.style.left}, 100% - ${wide[place]}px))`; // or it would leave the picture
}

/** @param {number[][][]} rings */
const outline = (rings) => rings.map((ring) => `M${ring.map((point) => point.join(" ")).join("L")}Z`).join("");

/** @param {Drawn} object @param {string} paint */
function tagOf({ label, score, box: [x0, y0] }, paint) {
  const tag = h("span", { class: "region-tag" }, label, score === null ? "" : ` ${number(score, 2)}`);
  Object.assign(tag.style, { left: `${x0 * 100}%`, top: `${y0 * 100}%`, background: paint, color: inkOn(paint) });
  return tag;
}

// A mask as a PNG in base64, which fills `box`, in one colour.
/** @param {string} png @param {number[]} box @param {string} paint */
export function shadeOfPicture(png, box, paint) {
  const canvas = shade(box),
    image = new Image();
  image.onload = () => {
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = drawingOn(canvas);
    context.drawImage(image, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = paint;
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  image.src = `data:image/png;base64,${png}`;
  return canvas;
}

// A mask as packed bits, { x, y, w, h, bits } in pixels of a picture of that width and height, in one colour.
/** @param {Api.PackedMask} mask @param {number} width @param {number} height @param {string} paint */
export async function shadeOfBits(mask, width, height, paint) {
  const canvas = shade([mask.x / width, mask.y / height, (mask.x + mask.w) / width, (mask.y + mask.h) / height]);
  const packed = Uint8Array.from(atob(mask.bits), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bits = new Uint8Array(await new Response(stream).arrayBuffer());
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(paint.slice(at, at + 2), 16));
  const image = new ImageData(mask.w, mask.h);
  for (let pixel = 0; pixel < mask.w * mask.h; pixel += 1) {
    if (bits[pixel >> 3] & (128 >> (pixel & 7))) image.data.set([red, green, blue, 255], pixel * 4);
  }
  canvas.width = mask.w;
  canvas.height = mask.h;
  drawingOn(canvas).putImageData(image, 0, 0);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas */
const drawingOn = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** @param {number[]} box */
function shade([x0, y0, x1, y1]) {
  const canvas = h("canvas", { class: "region-mask", "aria-hidden": "true" });
  Object.assign(canvas.style, {
    left: `${x0 * 100}%`,
    top: `${y0 * 100}%`,
    width: `${(x1 - x0) * 100}%`,
    height: `${(y1 - y0) * 100}%`,
  });
  return canvas;
}
