// The spread of the scores that are left, with the band edges to drag; what the bands would hold shows at once.
import { api } from "../api.js";
import { h } from "../dom.js";
import { histogram } from "../histogram.js";
import { number, t } from "../i18n.js";
import { attempt, notice } from "../messages.js";

const GAP = 0.01,
  PAUSE = 500; // milliseconds

// `onlabel(name or null)`: another label is looked at, or the one that was has no scores left.
export function edgesPanel({ project, label, onlabel, onmoved, signal }) {
  const labels = h("div", { class: "chips", role: "group", "aria-label": t("review.byLabel") });
  const sums = h("p", { id: "edge-sums", class: "muted", role: "status" });
  const reset = h(
    "button",
    { type: "button", class: "quiet", onclick: () => attempt(() => save(null, null), reset) },
    t("review.defaultEdges"),
  );
  let plot = null,
    spread = null,
    edges = project.bands,
    waiting = 0,
    saving = 0;
  plot = histogram({
    title: t("review.histogram"),
    zone: (score) =>
      score >= plot.value("high") ? "high" : score >= plot.value("medium") ? "medium" : "low",
    edges: [
      {
        id: "medium",
        name: t("review.mediumEdge"),
        value: edges.medium,
        least: () => GAP,
        most: () => plot.value("high"),
      },
      {
        id: "high",
        name: t("review.highEdge"),
        value: edges.high,
        least: () => plot.value("medium"),
        most: () => 1,
      },
    ],
    onmove: tell,
    onset: keepSoon,
  });
  const root = h(
    "section",
    { class: "panel edges", "aria-label": t("review.histogram") },
    h(
      "div",
      { class: "bar" },
      h("h2", {}, t("review.histogram")),
      labels,
      h("span", { class: "grow" }),
      reset,
    ),
    plot.root,
    sums,
  );

  // The last of several key presses counts: an answer to an earlier one must not move the edge back.
  function keepSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      waiting = 0;
      attempt(() => save(plot.value("high"), plot.value("medium")));
    }, PAUSE);
  }

  async function save(high, medium) {
    if (!saving && high === edges.high && medium === edges.medium) return;
    const before = edges;
    saving += 1;
    try {
      ({ edges } = await api(`/projects/${project.id}/review/bands`, {
        method: "PUT",
        json: { high, medium },
      }).finally(() => (saving -= 1)));
    } catch (error) {
      place(before);
      throw error;
    }
    project.bands = edges;
    place(edges);
    notice(t("review.edgesKept", { high: number(edges.high, 2), medium: number(edges.medium, 2) }));
    await onmoved();
  }

  function place(next) {
    edges = next;
    if (waiting || saving) return;
    plot.move("high", edges.high);
    plot.move("medium", edges.medium);
    tell();
  }

  // Exact: the bins are hundredths, and so are the edges.
  function tell() {
    if (!spread) return;
    const [medium, high] = ["medium", "high"].map((id) => Math.round(plot.value(id) * spread.bins));
    const of = (counts, from, to) => counts.slice(from, to).reduce((sum, n) => sum + n, 0);
    sums.textContent = [
      ["high", high, spread.bins],
      ["medium", medium, high],
      ["low", 0, medium],
    ]
      .map(([band, from, to]) =>
        t("review.bandSum", {
          band: t(`review.${band}`),
          n: of(spread.tasks, from, to),
          tasks: number(of(spread.tasks, from, to)),
          m: of(spread.objects, from, to),
          objects: number(of(spread.objects, from, to)),
        }),
      )
      .join(" · ");
  }

  async function load() {
    spread = await api(`/projects/${project.id}/review/histogram`, { signal });
    place(spread.edges);
    const names = Object.keys(spread.labels).filter((name) => spread.labels[name].some(Boolean));
    const gone = label && !names.includes(label);
    if (gone) label = null;
    const chip = (name, text) =>
      h(
        "button",
        {
          type: "button",
          "data-label": name,
          "aria-pressed": String(name === label),
          onclick: () => choose(name),
        },
        text,
      );
    labels.replaceChildren(
      ...(names.length > 1 || label // a way back from the label, even when it is the last one with scores
        ? [
            chip(null, t("review.allLabels")),
            ...names.map((name) =>
              chip(name, `${name} ${number(spread.labels[name].reduce((sum, n) => sum + n, 0))}`),
            ),
          ]
        : []),
    );
    draw();
    if (gone) onlabel(null);
  }

  function draw() {
    const rows = label ? [spread.labels[label]] : Object.values(spread.labels);
    plot.draw(
      Array.from({ length: spread.bins }, (_, bin) => rows.reduce((sum, counts) => sum + counts[bin], 0)),
    );
  }

  function choose(name) {
    if (name && !spread.labels[name]?.some(Boolean)) return; // an address from when there were some
    label = name;
    for (const button of labels.children)
      button.setAttribute("aria-pressed", String((button.dataset.label ?? null) === name));
    draw();
    onlabel(name);
  }

  return { root, load, choose };
}
