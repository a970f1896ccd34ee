// A histogram of scores from 0 to 1, with edges that are dragged, or moved by the arrow keys.
//
//   histogram({ title, edges: [{ id, name, value, least, most }], zone(score) → class, onmove(id, value), onset(id, value) })
//
// `onmove` is called while an edge moves, `onset` when it was let go. An edge keeps to hundredths.
import { h, svg } from "./dom.js";
import { number } from "./i18n.js";

const HEIGHT = 100,
  STEP = 0.01,
  BARS = 50;

export function histogram({ title, edges = [], zone = () => "", onmove = () => {}, onset = () => {} }) {
  const bars = svg("svg", {
    class: "bars",
    viewBox: `0 0 ${BARS} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": title,
  });
  const handles = new Map(edges.map((edge) => [edge.id, handle(edge)]));
  const plot = h(
    "div",
    { class: "plot" },
    bars,
    [...handles.values()].map((one) => one.knob),
  );
  const scale = h(
    "div",
    { class: "scale", "aria-hidden": "true" },
    [0, 0.25, 0.5, 0.75, 1].map((at) => h("span", {}, number(at, 2))),
  );
  let drawn = [];

  function draw(counts) {
    drawn = Array.from({ length: BARS }, (_, bar) => {
      const width = counts.length / BARS;
      return counts
        .slice(Math.floor(bar * width), Math.floor((bar + 1) * width))
        .reduce((sum, n) => sum + n, 0);
    });
    paint();
  }

  function paint() {
    const most = Math.max(1, ...drawn);
    bars.replaceChildren(
      ...drawn.map((count, bar) =>
        svg("rect", {
          x: bar + 0.08,
          width: 0.84,
          y: HEIGHT - barHeight(count, most),
          height: barHeight(count, most),
          class: zone((bar + 0.5) / BARS),
        }),
      ),
    );
  }

  // Few objects must stay visible beside many.
  const barHeight = (count, most) => (count ? Math.max(3, HEIGHT * Math.sqrt(count / most)) : 0);

  function handle(edge) {
    const knob = h(
      "div",
      {
        class: `edge ${edge.id}`,
        role: "slider",
        tabIndex: 0,
        "aria-label": edge.name,
        "aria-orientation": "horizontal",
      },
      h("span", { class: "tip" }),
    );
    const one = { ...edge, knob };
    const put = (value, done) => {
      const next = Math.round(Math.min(one.most?.() ?? 1, Math.max(one.least?.() ?? 0, value)) / STEP) * STEP;
      if (Math.abs(next - one.value) > 1e-9) {
        one.value = Number(next.toFixed(2));
        place(one);
        paint();
        onmove(one.id, one.value);
      }
      if (done) onset(one.id, one.value);
    };
    knob.addEventListener("keydown", (event) => {
      const by = {
        ArrowLeft: -STEP,
        ArrowDown: -STEP,
        ArrowRight: STEP,
        ArrowUp: STEP,
        PageDown: -0.1,
        PageUp: 0.1,
      }[event.key];
      const to = { Home: 0, End: 1 }[event.key];
      if (by === undefined && to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      put(to ?? one.value + by, true);
    });
    knob.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      knob.focus();
      knob.setPointerCapture(event.pointerId);
      const move = (moved) => {
        const box = plot.getBoundingClientRect();
        put((moved.clientX - box.left) / box.width, false);
      };
      const end = () => {
        knob.removeEventListener("pointermove", move);
        onset(one.id, one.value);
      };
      knob.addEventListener("pointermove", move);
      knob.addEventListener("pointerup", end, { once: true });
      knob.addEventListener("pointercancel", end, { once: true });
    });
    place(one);
    return one;
  }

  function place(one) {
    one.knob.style.left = `${one.value * 100}%`;
    one.knob.style.setProperty("--at", String(one.value * 100)); // keeps the words inside the plot
    one.knob.firstChild.textContent = `${one.name} ${number(one.value, 2)}`;
    for (const [name, value] of [
      ["now", one.value],
      ["min", 0],
      ["max", 1],
    ])
      one.knob.setAttribute(`aria-value${name}`, value);
    one.knob.setAttribute("aria-valuetext", number(one.value, 2));
  }

  function move(id, value) {
    const one = handles.get(id);
    if (!one || one.value === value) return;
    one.value = value;
    place(one);
    paint();
  }

  return {
    root: h("div", { class: "histogram" }, plot, scale),
    draw,
    move,
    value: (id) => handles.get(id)?.value,
  };
}
