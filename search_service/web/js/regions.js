// Boxes, outlines and masks drawn over a picture. Positions are fractions of its sides.
import { h, svg } from "./dom.js";
import { number } from "./i18n.js";
import { colourOf } from "./pictures.js";

// Fills `layer` (laid exactly over the picture) with the objects; `labels` gives each label its colour.
export function drawObjects(layer, objects, labels) {
  const lines = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  const made = [];
  for (const object of objects) {
    const [x0, y0, x1, y1] = object.box,
      paint = colourOf(labels, object.label);
    if (object.mask) made.push(maskCanvas(object, paint));
    const shape = object.rings?.length
      ? { d: object.rings.map((ring) => `M${ring.map((point) => point.join(" ")).join("L")}Z`).join("") }
      : { d: `M${x0} ${y0}H${x1}V${y1}H${x0}Z` };
    lines.append(svg("path", { ...shape, class: "rim" }), svg("path", { ...shape, class: "line", stroke: paint }));
    const tag = h(
      "span",
      { class: "region-tag" },
      object.label,
      object.score === null ? "" : ` ${number(object.score, 2)}`,
    );
    Object.assign(tag.style, { left: `${x0 * 100}%`, top: `${y0 * 100}%`, background: paint });
    if (y0 < 0.06) tag.classList.add("inside");
    made.push(tag);
  }
  layer.replaceChildren(lines, ...made);
}

function maskCanvas({ box: [x0, y0, x1, y1], mask }, paint) {
  const canvas = h("canvas", { class: "region-mask", "aria-hidden": "true" });
  Object.assign(canvas.style, {
    left: `${x0 * 100}%`,
    top: `${y0 * 100}%`,
    width: `${(x1 - x0) * 100}%`,
    height: `${(y1 - y0) * 100}%`,
  });
  const image = new Image();
  image.onload = () => {
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = paint;
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  image.src = `data:image/png;base64,${mask}`;
  return canvas;
}
