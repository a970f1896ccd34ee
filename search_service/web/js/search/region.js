// A part of a picture, chosen by drawing a frame on it, or by the arrow keys.
import { h } from "../dom.js";
import { t } from "../i18n.js";

const LEAST = 8; // pixels a drag must span: less is a click, which takes the frame away
const STEP = 0.02; // of the picture's sides, for an arrow key
const MIDDLE = [0.25, 0.25, 0.75, 0.75];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `over` lies exactly over the picture. `changed(box)` hears of every new choice: [x0, y0, x1, y1] as fractions of the
// picture's sides, null when there is none. Returns { set(box), start() }; `start` chooses the middle, for the keys.
export function makeRegion(over, changed) {
  const shown = h("div", {
    class: "region",
    tabIndex: 0,
    role: "group",
    "aria-label": t("search.regionKeys"),
    hidden: true,
  });
  const layer = h("div", { class: "region-layer" }, shown);
  over.append(layer);
  let box = null,
    from = null;

  function draw(next) {
    box = next;
    shown.hidden = !box;
    if (!box) return;
    const [left, top, right, bottom] = box.map((side) => side * 100);
    Object.assign(shown.style, {
      left: `${left}%`,
      top: `${top}%`,
      width: `${right - left}%`,
      height: `${bottom - top}%`,
    });
  }

  function set(next) {
    draw(next && next.map((side) => Math.round(Math.min(Math.max(side, 0), 1) * 1e4) / 1e4));
    changed(box);
  }

  const place = (event) => {
    const { left, top, width, height } = over.getBoundingClientRect();
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    return { x: inside((event.clientX - left) / width), y: inside((event.clientY - top) / height), width, height };
  };
  const between = (a, b) => [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const large = (a, b) => Math.min(Math.abs(a.x - b.x) * a.width, Math.abs(a.y - b.y) * a.height) >= LEAST;

  over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    event.preventDefault(); // or the browser would drag the picture away
    from = place(event);
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener("pointermove", (event) => {
    if (from) draw(large(from, place(event)) ? between(from, place(event)) : null);
  });
  over.addEventListener("pointerup", (event) => {
    if (!from) return;
    const to = place(event);
    set(large(from, to) ? between(from, to) : null);
    from = null;
  });
  over.addEventListener("pointercancel", () => {
    from = null; // two fingers: the person zooms
    set(null);
  });

  // The arrows move the frame, with Shift its lower right corner; Delete takes it away.
  shown.addEventListener("keydown", (event) => {
    if (event.key in ARROWS) {
      const [x, y] = ARROWS[event.key].map((way) => way * STEP);
      const [x0, y0, x1, y1] = box;
      const next = event.shiftKey ? [x0, y0, x1 + x, y1 + y] : [x0 + x, y0 + y, x1 + x, y1 + y];
      const inside = next.every((side) => side > -1e-6 && side < 1 + 1e-6);
      if (inside && next[2] - next[0] > STEP / 2 && next[3] - next[1] > STEP / 2) set(next);
    } else if (event.key === "Delete" || event.key === "Backspace") set(null);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the arrows go to the next hit elsewhere
  });

  function start() {
    if (!box) set(MIDDLE);
    shown.focus();
  }

  return { set, start };
}
