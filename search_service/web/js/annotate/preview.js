// What a run would find, on a dozen of its images: boxes and masks, with thresholds that act at once.
import { api, picture, Problem } from "../api.js";
import { h } from "../dom.js";
import { histogram } from "../histogram.js";
import { number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { colourOf } from "../pictures.js";
import { drawObjects, shadeOfBits } from "../regions.js";

const POLL = 600,
  WIDTH = 640,
  BINS = 100,
  MOST = 20; // labels, as the server takes them

// `ondone`: images were looked at, and are known to the model now.
export function previewPanel({ project, source, labels, signal, ondone }) {
  const button = h(
    "button",
    { id: "preview", type: "button", onclick: () => attempt(start, button) },
    t("annotate.preview"),
  );
  const text = h("p", { id: "preview-text", class: "muted", role: "status" }, t("annotate.previewHint", { most: MOST }));
  const grid = h("ul", { class: "preview-grid" }),
    charts = h("div", { class: "charts" });
  const root = h(
    "section",
    { class: "panel previews", "aria-label": t("annotate.preview") },
    h("div", { class: "bar" }, h("h2", {}, t("annotate.preview")), button),
    text,
    charts,
    grid,
  );
  let round = 0,
    shown = [],
    plots = new Map(),
    asked = [];

  async function start() {
    const images = source.body(),
      concepts = labels.concepts();
    if (!concepts.length) throw new Problem(t("annotate.noLabel"));
    if (concepts.length > MOST) throw new Problem(t("annotate.previewMost", { most: MOST, n: number(concepts.length) }));
    if (!images) throw new Problem(t("annotate.nothing"));
    const mine = ++round;
    asked = concepts.map((one) => one.label);
    let found = await api(`/projects/${project.id}/preview`, {
      json: { ...images, concepts, retry: true },
      signal,
    });
    build(found.tasks);
    const again = { task_ids: found.tasks.map((one) => one.task), concepts };
    while (true) {
      update(found.tasks);
      if (found.ready && !signal.aborted) ondone();
      if (found.ready || mine !== round || signal.aborted) return;
      await new Promise((wake) => {
        setTimeout(wake, POLL);
      });
      found = await api(`/projects/${project.id}/preview`, { json: again, signal });
      if (mine !== round) return;
    }
  }

  function build(tasks) {
    shown = tasks.map((task) => {
      const image = h("img", { alt: t("common.task", { task: task.task }) }),
        layer = h("div", { class: "regions" });
      const line = h("span", { class: "muted" }, t("annotate.waiting"));
      picture(image, task.task, WIDTH);
      return {
        task: task.task,
        state: "waiting",
        objects: [],
        layer,
        line,
        root: h("li", {}, h("div", { class: "stage" }, image, layer), h("div", { class: "caption" }, line)),
      };
    });
    grid.replaceChildren(...shown.map((one) => one.root));
    plots = new Map(
      asked.map((label) => {
        const plot = histogram({
          title: t("annotate.scoresOf", { label }),
          edges: [{ id: "threshold", name: t("annotate.threshold"), value: labels.thresholds()[label] }],
          zone: (score) => (score >= labels.thresholds()[label] ? "on" : "off"),
          onmove: (_, value) => labels.setThreshold(label, value),
        });
        return [label, { plot, root: h("figure", {}, h("figcaption", {}, label), plot.root) }];
      }),
    );
    charts.replaceChildren(...[...plots.values()].map((one) => one.root));
  }

  function update(tasks) {
    for (const [place, task] of tasks.entries()) {
      const one = shown[place];
      if (!one || one.state !== "waiting" || task.state === "waiting") continue;
      Object.assign(one, {
        state: task.state,
        error: task.error,
        objects: task.objects,
        width: task.width,
        height: task.height,
      });
      prepare(one).then(() => draw(one));
    }
    redraw();
  }

  async function prepare(one) {
    await Promise.all(
      one.objects
        .filter((object) => object.mask)
        .map(async (object) => {
          object.shade = await shadeOfBits(
            object.mask,
            one.width,
            one.height,
            colourOf(labels.names, object.label),
          );
        }),
    );
  }

  function draw(one) {
    const thresholds = labels.thresholds();
    if (one.state === "failed") {
      one.line.textContent = one.error.message;
      one.line.className = "bad";
      return;
    }
    if (one.state !== "done") return;
    const over = one.objects.filter((object) => object.score >= thresholds[object.label]);
    drawObjects(
      one.layer,
      [...one.objects]
        .reverse()
        .map((object) => ({ ...object, rings: null, faint: object.score < thresholds[object.label] })),
      labels.names,
    );
    one.line.textContent = over.length
      ? t("annotate.foundHere", { n: over.length, count: number(over.length) })
      : t("annotate.foundNone");
    one.line.className = "muted";
  }

  // After a threshold moved: no model, no request.
  function redraw() {
    const thresholds = labels.thresholds();
    for (const one of shown) draw(one);
    for (const [label, { plot }] of plots) {
      const counts = new Array(BINS).fill(0);
      for (const object of shown.flatMap((one) => one.objects))
        if (object.label === label) counts[Math.min(BINS - 1, Math.floor(object.score * BINS + 1e-6))] += 1;
      plot.move("threshold", thresholds[label]);
      plot.draw(counts);
    }
    if (!shown.length) return;
    const done = shown.filter((one) => one.state === "done"),
      waiting = shown.filter((one) => one.state === "waiting").length;
    const over = done
      .flatMap((one) => one.objects)
      .filter((object) => object.score >= thresholds[object.label]).length;
    text.textContent = waiting
      ? t("annotate.previewing", { done: shown.length - waiting, n: shown.length })
      : t("annotate.previewed", { n: over, count: number(over), images: done.length });
  }

  return { root, redraw };
}
