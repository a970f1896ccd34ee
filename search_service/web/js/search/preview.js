// One hit, large: the picture with what was predicted or drawn on it, its facts, and what can be done with it.
import { api, picture } from "../api.js";
import { h, icon, put } from "../dom.js";
import { clock, number, t, when } from "../i18n.js";
import { colourOf } from "../pictures.js";
import { drawObjects, shadeOfPicture } from "../regions.js";
import { makeRegion } from "./region.js";

// `acts`: { like(hit, box or nothing), unlike(hit, box or nothing), judge(hit, relevant), moved(task or null) }; `order()`
// is the grid's list.
export function makePreview({ project, selection, order, acts, signal, more }) {
  const image = h("img", { alt: "", draggable: "false" }),
    layer = h("div", { class: "regions" }),
    frame = h("div", { class: "frame" }, image, layer);
  const region = makeRegion(frame, (box) => {
    chosen = box;
    regionActs.hidden = !box;
  });
  const regionAct = (sign, cls, text) =>
    h(
      "button",
      { type: "button", id: `${sign}-region`, class: cls, onclick: () => leave(acts[sign], chosen) },
      icon(sign),
      text,
    );
  const regionActs = h(
    "div",
    { class: "region-acts", hidden: true },
    regionAct("like", "primary", t("search.similarRegion")),
    regionAct("unlike", "", t("search.notSimilarRegion")),
  );
  frame.append(regionActs);
  const stage = h("div", { class: "stage" }, frame);
  const side = h("div", { class: "side" });
  const button = (sign, key, work) =>
    h(
      "button",
      {
        type: "button",
        class: `quiet ${key}`,
        "aria-label": t(`search.${key}`),
        title: t(`search.${key}`),
        onclick: work,
      },
      icon(sign),
    );
  const place = h("span", { class: "muted", "aria-live": "polite" });
  const dialog = h(
    "dialog",
    { id: "hit-preview", "aria-label": t("search.preview") },
    h(
      "div",
      { class: "top" },
      button("left", "previous", () => step(-1)),
      button("right", "next", () => step(1)),
      place,
      h("span", { class: "grow" }),
      h("span", { class: "muted keys" }, t("search.keys")),
      button("close", "close", () => dialog.close()),
    ),
    h("div", { class: "body" }, stage, side),
  );
  let at = -1,
    loads = 0,
    hits = [],
    chosen = null; // part of the picture
  const cache = new Map();

  dialog.addEventListener("close", () => acts.moved(null, hits[at]?.task));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("input[type=range]")) return;
    if (event.key === "ArrowRight" || event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") step(-1);
    else if (event.key === " " && !event.target.closest("button, a, input")) toggle();
    else return;
    event.preventDefault();
  });
  signal.addEventListener("abort", () => dialog.remove());

  function toggle() {
    selection.set([hits[at].task], !selection.has(hits[at].task));
  }

  async function step(by) {
    if (at + by >= hits.length) {
      await more();
      hits = order();
    }
    const to = Math.min(Math.max(at + by, 0), hits.length - 1);
    if (to !== at) show(hits[to].task);
  }

  function show(task) {
    hits = order();
    at = hits.findIndex((hit) => hit.task === task);
    if (at < 0) return;
    const hit = hits[at],
      mine = ++loads;
    place.textContent = t("search.placeOf", { at: number(at + 1), n: number(hits.length) });
    image.alt = t("common.task", { task });
    put(layer);
    region.set(null);
    image.removeAttribute("src");
    picture(image, task, 1600);
    put(side, facts(hit), h("p", { class: "muted" }, t("common.loading")));
    if (!dialog.open) {
      document.body.append(dialog);
      dialog.showModal();
    }
    acts.moved(task);
    details(task).then(
      (known) => {
        if (mine === loads) put(side, facts(hit), leftOut(known), objects(known), links(known));
      },
      (error) => {
        if (mine === loads) side.lastChild.replaceWith(h("p", { class: "bad" }, error.message));
      },
    );
    for (const next of [hits[at + 1], hits[at - 1]]) if (next) picture(new Image(), next.task, 1600);
  }

  function leave(work, box) {
    const hit = hits[at];
    dialog.close();
    work(hit, box);
  }

  function details(task) {
    if (!cache.has(task)) {
      const asked = api(`/projects/${project.id}/tasks/${task}`, { signal });
      cache.set(task, asked);
      asked.catch(() => cache.delete(task));
    }
    return cache.get(task);
  }

  function facts(hit) {
    const rows = [
      [t("search.similarity"), hit.similarity.toFixed(3)],
      hit.relevance && [t("search.relevance"), t(`search.${hit.relevance}`)],
      hit.video_name && [t("search.video"), hit.video_name],
      hit.video_time !== null && [t("search.time"), clock(hit.video_time)],
      hit.frame_number !== null && [t("search.frame"), number(hit.frame_number)],
    ];
    const pick = h("input", { type: "checkbox", checked: selection.has(hit.task), onchange: toggle });
    selection.addEventListener(
      "change",
      () => {
        pick.checked = selection.has(hit.task);
      },
      { signal },
    );
    const judge = (sign, key, relevant) => {
      const made = h(
        "button",
        {
          type: "button",
          "aria-pressed": String(hit.judged === relevant),
          title: t(`search.${key}`),
          "aria-label": t(`search.${key}`),
          onclick: async () => {
            await acts.judge(hit, relevant);
            for (const [one, on] of [
              ["good", true],
              ["wrong", false],
            ])
              side.querySelector(`.${one}`)?.setAttribute("aria-pressed", String(hit.judged === on));
          },
        },
        icon(sign),
      );
      made.classList.add(key);
      return made;
    };
    return h(
      "div",
      {},
      h("h2", {}, t("common.task", { task: hit.task })),
      h("label", { class: "check" }, pick, t("search.chosen")),
      list(rows),
      h(
        "div",
        { class: "bar" },
        h("button", { type: "button", onclick: () => leave(acts.like) }, icon("like"), t("search.similar")),
        h("button", { type: "button", onclick: () => leave(acts.unlike) }, icon("unlike"), t("search.notSimilar")),
        h("button", { type: "button", id: "choose-region", onclick: region.start }, icon("region"), t("search.region")),
        judge("up", "good", true),
        judge("down", "wrong", false),
      ),
      h("p", { class: "muted" }, t("search.regionHint")),
    );
  }

  // What its data hold that could not be taken over.
  const leftOut = ({ notes }) =>
    h(
      "div",
      {},
      notes.map(({ key, reason }) => h("p", { class: "muted" }, t("search.leftOut", { key, reason }))),
    );

  // What was found on it: the annotation that counts, else the prediction of the current recipe.
  function objects(known) {
    const annotation = known.annotations.filter((one) => !one.cancelled).at(-1);
    const prediction = known.predictions.find((one) => one.current);
    const sources = [
      prediction && { key: "predicted", ...prediction },
      annotation && { key: "annotated", ...annotation },
    ].filter(Boolean);
    if (!sources.length) return h("p", { class: "muted" }, t("search.noRegions"));
    const shown = h("div", {}),
      slider = h("input", { type: "range", min: "0", max: "1", step: "0.01", value: "0", id: "preview-threshold" });
    const value = h("output", { for: "preview-threshold" }, number(0, 2));
    let source = sources.at(-1);
    const shaded = (object) => {
      if (object.mask) object.shade ??= shadeOfPicture(object.mask, object.box, colourOf(project.labels, object.label));
      return object;
    };
    const draw = () => {
      const kept = source.objects.filter((object) => object.score === null || object.score >= Number(slider.value));
      value.textContent = number(Number(slider.value), 2);
      drawObjects(layer, kept.map(shaded), project.labels);
      put(
        shown,
        h(
          "ul",
          { class: "objects" },
          kept.map((object) => {
            const dot = h("span", { class: "dot" });
            dot.style.background = colourOf(project.labels, object.label);
            return h(
              "li",
              {},
              dot,
              h("span", { class: "grow" }, object.label),
              object.mask || object.rings.length ? h("span", { class: "muted" }, t("search.mask")) : null,
              h("span", { class: "score" }, object.score === null ? "–" : number(object.score, 2)),
            );
          }),
        ),
        kept.length ? "" : h("p", { class: "muted" }, t("search.nothingShown")),
      );
    };
    slider.addEventListener("input", draw);
    const tabs =
      sources.length > 1
        ? h(
            "div",
            { class: "bar", role: "group", "aria-label": t("search.regions") },
            sources.map((one) =>
              h(
                "button",
                {
                  type: "button",
                  "aria-pressed": String(one === source),
                  onclick: (event) => {
                    source = one;
                    for (const tab of event.currentTarget.parentElement.children)
                      tab.setAttribute("aria-pressed", String(tab === event.currentTarget));
                    draw();
                  },
                },
                t(`search.${one.key}`),
              ),
            ),
          )
        : h("h3", {}, t(`search.${source.key}`));
    draw();
    const facts = [
      prediction && [t("search.predictionScore"), prediction.score === null ? "–" : number(prediction.score, 2)],
      prediction && [t("search.modelVersion"), prediction.model_version],
      annotation?.updated_at && [t("search.annotatedAt"), when(annotation.updated_at)],
    ];
    return h(
      "section",
      {},
      tabs,
      prediction && prediction.objects.length > 0
        ? h("label", { class: "field wide", for: "preview-threshold" }, t("search.scoreFrom"), slider, value)
        : null,
      shown,
      list(facts),
    );
  }

  const links = (known) =>
    h(
      "p",
      {},
      h("a", { href: known.label_studio, target: "_blank", rel: "noopener" }, t("search.openTask"), " ", icon("link")),
    );

  const list = (rows) =>
    h(
      "dl",
      {},
      rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    );

  return {
    show,
    get open() {
      return dialog.open;
    },
    close: () => dialog.close(),
  };
}
