// Boxes, outlines and masks drawn over a picture. Positions are fractions of its sides, so nothing has to know its size.
import { h, svg } from "./dom.js";
import { number } from "./i18n.js";
import { colourOf } from "./pictures.js";

const TAG = 22; // pixels that a tag needs above its box

// Fills `layer` (class "regions", laid exactly over the picture) with objects, the last on top. `labels` gives each label
// its colour. An object: { label, score or null, box, rings?, shade?, colour?, faint? }; `shade` is made below, a faint
// one is only a dashed box.
export function drawObjects(layer, objects, labels) {
  const lines = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  const shades = [],
    tags = [];
  for (const object of objects) {
    const [x0, y0, x1, y1] = object.box,
      paint = object.colour ?? colourOf(labels, object.label);
    const shape = object.rings?.length
      ? { d: object.rings.map((ring) => `M${ring.map((point) => point.join(" ")).join("L")}Z`).join("") }
      : { d: `M${x0} ${y0}H${x1}V${y1}H${x0}Z` };
    if (object.faint) {
      lines.append(svg("path", { ...shape, class: "line faint", stroke: paint }));
      continue;
    }
    if (object.shade) shades.push(object.shade);
    lines.append(svg("path", { ...shape, class: "rim" }), svg("path", { ...shape, class: "line", stroke: paint }));
    const tag = h(
      "span",
      { class: "region-tag" },
      object.label,
      object.score === null ? "" : ` ${number(object.score, 2)}`,
    );
    Object.assign(tag.style, { left: `${x0 * 100}%`, top: `${y0 * 100}%`, background: paint });
    if (y0 * (layer.clientHeight || 400) < TAG) tag.classList.add("inside");
    tags.push(tag);
  }
  layer.replaceChildren(...shades, lines, ...tags);
  const wide = tags.map((tag) => tag.offsetWidth); // all are measured before any is moved: one layout, not one each
  for (const [place, tag] of tags.entries())
    tag.style.left = `max(0px, min(${tag.style.left}, 100% - ${wide[place]}px))`; // or it would leave the picture
}

// A mask as a PNG in base64, which fills `box`, in one colour.
export function shadeOfPicture(png, box, paint) {
  const canvas = shade(box),
    image = new Image();
  image.onload = () => {
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = paint;
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  image.src = `data:image/png;base64,${png}`;
  return canvas;
}

// A mask as packed bits, { x, y, w, h, bits } in pixels of a picture of that width and height, in one colour.
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
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

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
