// Review by score: what is left in each band, its objects one by one, and accepting them, one, some or all.
import { api } from "../api.js";
import { h, renew } from "../dom.js";
import { number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { change, linkTo } from "../router.js";
import { accepting } from "../review/accepting.js";
import { additionsPanel } from "../review/additions.js";
import { deciding } from "../review/deciding.js";
import { edgesPanel } from "../review/edges.js";
import { cropGrid } from "../review/grid.js";
import { historyPanel } from "../review/history.js";
import { look } from "../review/look.js";
import { progressPanel } from "../review/progress.js";

const BANDS = ["high", "medium", "low", "nothing_found", "to_fix"];
const LOOK = 8000;

export async function open({ root, project, params, signal }) {
  let status = null,
    views = [],
    band = BANDS.includes(params.band) ? params.band : null,
    label = labelIn(params),
    loads = 0;
  const post = (path, json) => api(`/projects/${project.id}/review/${path}`, { json });
  const progress = progressPanel(),
    edges = edgesPanel({
      project,
      signal,
      onmoved: refreshAll,
      label,
      onlabel: (name) => {
        label = name;
        change({ label }, { quiet: true });
        if (!status) return;
        showBands();
        attempt(() => grid.open(band, label));
      },
    });
  const tabs = h("nav", { id: "bands", "aria-label": t("review.bands") }),
    head = h("div", { class: "bar band-head" });
  const done = h("div", { id: "review-text", role: "status" }),
    working = h("progress", { hidden: true, max: "1", "aria-label": t("review.accepting") });
  const history = historyPanel({
    project,
    signal,
    onundone: async (report) => {
      sayUndone(report);
      await refreshAll();
    },
  });
  const desk = {
    project,
    post,
    done,
    working,
    history,
    refresh,
    reload,
    band: () => band,
    status: () => status,
  };
  const { right, acceptBand, acceptTask, sayUndone } = accepting(desk);
  const { reject, fix, back } = deciding(desk);
  const additions = additionsPanel(desk, refreshAll);
  const show = (card) => look(desk, card, band === "to_fix" ? null : acceptTask);
  const grid = cropGrid({
    project,
    signal,
    act: { accept: run(right), reject: run(reject), fix: run(fix), back: run(back), look: show, changed },
  });
  desk.grid = grid;
  const tools = h("div", { class: "toolbar", role: "toolbar", "aria-label": t("review.actions") });
  const work = h("section", { class: "panel work" }, head, working, done, grid.root, tools);
  const empty = h(
    "div",
    { class: "panel empty", hidden: true },
    h("p", {}, t("review.none")),
    h("a", { class: "button", href: linkTo({ screen: "annotate" }) }, t("review.toAnnotate")),
  );
  if (!project.labels.length) {
    root.append(
      h("h1", {}, t("review.title")),
      h("div", { class: "panel empty" }, h("p", {}, t("annotate.noLabels"))),
    );
    return {};
  }
  const parts = [progress.root, edges.root, tabs, work];
  const loading = h("p", { class: "muted", role: "status" }, t("common.loading"));
  for (const part of parts) part.hidden = true; // an empty frame says nothing
  root.append(h("h1", {}, t("review.title")), loading, empty, ...parts, additions.root, history.root);

  function labelIn(asked) {
    return project.labels.includes(asked.label) ? asked.label : null;
  }

  function run(work_) {
    return (event) =>
      attempt(work_, event?.currentTarget instanceof HTMLButtonElement ? event.currentTarget : undefined);
  }

  async function reload() {
    await Promise.all([load(), edges.load(), history.load()]);
  }

  async function refresh() {
    await reload();
    await grid.open(band, label);
  }

  // With the labels computed later, which an acceptance changes nothing of.
  async function refreshAll() {
    await refresh();
    additions.load().catch(() => {}); // an offer beside the work: nothing waits for it, and without it nothing is missing
  }

  async function load() {
    let listed;
    loads += 1;
    try {
      [status, listed] = await Promise.all([
        api(`/projects/${project.id}/review`, { signal }),
        api(`/projects/${project.id}/views`, { signal }),
      ]);
    } finally {
      loads -= 1;
    }
    views = listed.views.filter((view) => view.kind === "band");
    band ??= ["high", "medium", "low", "nothing_found"].find((name) => status.bands[name]) ?? "high";
    loading.remove();
    empty.hidden = status.total > 0;
    for (const part of parts) part.hidden = !status.total;
    progress.show(status);
    showBands();
  }

  function showBands() {
    const counts = { ...status.bands, to_fix: status.set_aside };
    renew(
      tabs,
      BANDS.filter((name) => name !== "to_fix" || counts.to_fix || band === name).map((name) =>
        h(
          "a",
          {
            class: `band ${name}`,
            href: linkTo({ screen: "review", band: name, label }),
            "aria-current": name === band ? "true" : null,
            onclick: (event) => {
              if (!event.ctrlKey && !event.metaKey) {
                event.preventDefault();
                attempt(() => choose(name));
              }
            },
          },
          h("b", {}, number(counts[name])),
          h("span", { class: "name" }, t(`review.${name}`)),
          h("span", { class: "muted" }, range(name)),
        ),
      ),
    );
    const view = views.find((one) => one.query === band),
      bulk = !["to_fix"].includes(band) && counts[band] > 0;
    const all = h(
      "button",
      {
        id: "accept-band",
        type: "button",
        class: band === "high" || band === "nothing_found" ? "primary" : "",
        onclick: run(acceptBand),
      },
      t("review.acceptBand"),
    );
    renew(
      head,
      h("h2", {}, t(`review.${band}`)),
      h("span", { class: "muted" }, t(`review.hint_${band}`)),
      h("span", { class: "grow" }),
      view ? h("a", { href: view.url, target: "_blank", rel: "noopener" }, t("review.open")) : "",
      bulk ? all : "",
    );
  }

  function range(name) {
    const { high, medium } = status.edges,
      objects = status.regions[name];
    const text =
      {
        high: t("review.from", { low: number(high, 2) }),
        medium: t("review.range", { low: number(medium, 2), high: number(high, 2) }),
        low: t("review.below", { high: number(medium, 2) }),
      }[name] ?? "";
    return [text, objects ? t("review.objectCount", { n: objects, count: number(objects) }) : ""]
      .filter(Boolean)
      .join(" · ");
  }

  async function choose(name) {
    band = name;
    done.replaceChildren(); // what was done in another band; the list of acceptances has it
    change({ band }, { quiet: true });
    showBands();
    await grid.open(band, label);
  }

  function changed() {
    const selected = grid.selected(),
      many = grid.all().length;
    const button = (id, action, key, extra = "") =>
      h(
        "button",
        {
          id,
          type: "button",
          class: extra,
          disabled: !grid.targets().length,
          onclick: run(action),
          "aria-keyshortcuts": key,
        },
        t(`review.${id}`),
        h("kbd", { "aria-hidden": "true" }, key),
      );
    tools.hidden = !many;
    tools.replaceChildren(
      ...(band === "to_fix"
        ? [button("fix", fix, "F"), button("back", back, "B")]
        : [
            button("accept", right, "A", "primary"),
            ...(band === "nothing_found" ? [] : [button("reject", reject, "R")]),
            button("fix", fix, "F"),
          ]),
      h(
        "label",
        { class: "field" },
        h("input", {
          type: "checkbox",
          checked: many > 0 && selected === many,
          indeterminate: selected > 0 && selected < many,
          onchange: (event) => grid.toggleAll(event.target.checked),
        }),
        " ",
        selected ? t("review.selected", { count: number(selected) }) : t("review.selectAll"),
      ),
      h("span", { class: "muted keys" }, t("review.keys")),
    );
  }

  // What other people do in Label Studio shows up here without a reload.
  async function watch() {
    if (signal.aborted) return;
    if (!document.hidden && !document.querySelector("dialog[open]")) {
      try {
        const before = status;
        const now = await api(`/projects/${project.id}/review`, { signal });
        // What this person did meanwhile moved the counts, and has told so in `done`: that stays.
        const own = loads > 0 || status !== before;
        const moved =
          !own &&
          (["reviewed", "left", "set_aside", "total"].some((name) => now[name] !== status[name]) ||
            now.edges.high !== status.edges.high ||
            now.edges.medium !== status.edges.medium);
        if (moved) done.replaceChildren(); // it is no longer how things stand
        if (moved && grid.loaded()) await refreshAll();
        else if (moved) await load();
      } catch (error) {
        if (error.name === "AbortError") return;
      }
    }
    setTimeout(watch, LOOK);
  }

  await refreshAll().finally(() => loading.remove());
  setTimeout(watch, LOOK);
  return {
    update: (asked) => {
      if (labelIn(asked) !== label) edges.choose(labelIn(asked));
      return BANDS.includes(asked.band) && asked.band !== band ? choose(asked.band) : undefined;
    },
  };
}
