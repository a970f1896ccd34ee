// Review by score: what is left in each band, its objects one by one, and accepting them, one, some or all.
import { api, picture } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { ask, attempt } from "../messages.js";
import { drawObjects } from "../pictures.js";
import { change, linkTo } from "../router.js";
import { edgesPanel } from "../review/edges.js";
import { cropGrid } from "../review/grid.js";
import { historyPanel } from "../review/history.js";
import { progressPanel } from "../review/progress.js";

const BANDS = ["high", "medium", "low", "nothing_found", "to_fix"];
const LOOK = 8000, WATCH = 700;
const COLOUR = { high: "#14703a", medium: "#855400", low: "#b0241c", "": "#2754d0" };

export async function open({ root, project, params, signal }) {
  let status = null, views = [], band = BANDS.includes(params.band) ? params.band : null, label = null;
  const post = (path, json) => api(`/projects/${project.id}/review/${path}`, { json });
  const progress = progressPanel(), edges = edgesPanel({ project, signal, onmoved: refresh, onlabel: (name) => { label = name; attempt(() => grid.open(band, label)); } });
  const tabs = h("nav", { id: "bands", "aria-label": t("review.bands") }), head = h("div", { class: "bar band-head" });
  const done = h("div", { id: "review-text", role: "status" }), working = h("progress", { hidden: true, max: "1", "aria-label": t("review.accepting") });
  const history = historyPanel({ project, signal, onundone: async (report) => { sayUndone(report); await refresh(); } });
  const grid = cropGrid({ project, signal, act: { accept: run(right), reject: run(reject), fix: run(fix), back: run(back), look, changed } });
  const tools = h("div", { class: "toolbar", role: "toolbar", "aria-label": t("review.actions") });
  const work = h("section", { class: "panel work" }, head, working, done, grid.root, tools);
  const empty = h("div", { class: "panel empty", hidden: true }, h("p", {}, t("review.none")), h("a", { class: "button", href: linkTo({ screen: "annotate" }) }, t("review.toAnnotate")));
  if (!project.labels.length) { root.append(h("h1", {}, t("review.title")), h("div", { class: "panel empty" }, h("p", {}, t("annotate.noLabels")))); return {}; }
  const parts = [progress.root, edges.root, tabs, work];
  root.append(h("h1", {}, t("review.title")), empty, ...parts, history.root);

  function run(work_) { return (event) => attempt(work_, event?.currentTarget instanceof HTMLButtonElement ? event.currentTarget : undefined); }

  async function refresh() {
    await Promise.all([load(), edges.load(), history.load()]);
    await grid.open(band, label);
  }

  async function load() {
    let listed;
    [status, listed] = await Promise.all([api(`/projects/${project.id}/review`, { signal }), api(`/projects/${project.id}/views`, { signal })]);
    views = listed.views.filter((view) => view.kind === "band");
    band ??= ["medium", "low", "high", "nothing_found"].find((name) => status.bands[name]) ?? "high";
    empty.hidden = status.total > 0;
    for (const part of parts) part.hidden = !status.total;
    progress.show(status);
    showBands();
  }

  function showBands() {
    const counts = { ...status.bands, to_fix: status.set_aside };
    tabs.replaceChildren(...BANDS.filter((name) => name !== "to_fix" || counts.to_fix || band === name).map((name) => h("a", {
      class: `band ${name}`, href: linkTo({ screen: "review", band: name }), "aria-current": name === band ? "true" : null,
      onclick: (event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); attempt(() => choose(name)); } } },
      h("b", {}, number(counts[name])), h("span", { class: "name" }, t(`review.${name}`)), h("span", { class: "muted" }, range(name)))));
    const view = views.find((one) => one.query === band), bulk = !["to_fix"].includes(band) && counts[band] > 0;
    const all = h("button", { id: "accept-band", type: "button", class: band === "high" || band === "nothing_found" ? "primary" : "", onclick: run(acceptBand) }, t("review.acceptBand"));
    head.replaceChildren(h("h2", {}, t(`review.${band}`)), h("span", { class: "muted" }, t(`review.hint_${band}`)), h("span", { class: "grow" }),
      view ? h("a", { href: view.url, target: "_blank", rel: "noopener" }, t("review.open")) : "", bulk ? all : "");
  }

  function range(name) {
    const { high, medium } = status.edges, objects = status.regions[name];
    const text = { high: t("review.from", { low: number(high, 2) }), medium: t("review.range", { low: number(medium, 2), high: number(high, 2) }),
      low: t("review.below", { high: number(medium, 2) }) }[name] ?? "";
    return [text, objects ? t("review.objectCount", { n: objects, count: number(objects) }) : ""].filter(Boolean).join(" · ");
  }

  async function choose(name) {
    band = name;
    change({ band }, { quiet: true });
    showBands();
    await grid.open(band, label);
  }

  function changed() {
    const selected = grid.selected(), many = grid.all().length;
    const button = (id, action, key, extra = "") => h("button", { id, type: "button", class: extra, disabled: !grid.targets().length, onclick: run(action), "aria-keyshortcuts": key },
      t(`review.${id}`), h("kbd", { "aria-hidden": "true" }, key));
    tools.hidden = !many;
    tools.replaceChildren(...(band === "to_fix" ? [button("fix", fix, "F"), button("back", back, "B")]
      : [button("accept", right, "A", "primary"), ...(band === "nothing_found" ? [] : [button("reject", reject, "R")]), button("fix", fix, "F")]),
      h("label", { class: "field" }, h("input", { type: "checkbox", checked: many > 0 && selected === many, indeterminate: selected > 0 && selected < many,
        onchange: (event) => grid.toggleAll(event.target.checked) }), " ", selected ? t("review.selected", { count: number(selected) }) : t("review.selectAll")),
      h("span", { class: "muted keys" }, t("review.keys")));
  }

  // The objects are right. A task is accepted once all its objects are.
  async function right() {
    const cards = grid.targets();
    if (!cards.length || band === "to_fix") return;
    for (const card of cards) { card.right = true; card.selected = false; grid.mark(card); }
    const ready = [...new Set(cards.map((card) => card.object.task))].filter((task) => {
      const of = grid.ofTask(task);
      return of.every((card) => card.right) && of.length >= of[0].object.of;
    });
    const waiting = cards.filter((card) => !ready.includes(card.object.task));
    if (waiting.length) { done.textContent = t("review.waitsForOthers", { task: waiting[0].object.task, n: waiting[0].object.of }); grid.step(); }
    if (!ready.length) return;
    const asked = { task_ids: ready, nothing_found: band === "nothing_found" };
    if (ready.length > 1) {
      const plan = await post("accept/plan", asked);
      if (!await ask(question(plan), { yes: t("review.accept") })) return;
    }
    sayAccepted(await post("accept", asked));
    grid.remove(ready);
    await Promise.all([load(), edges.load(), history.load()]);
  }

  const question = (plan) => t(plan.regions ? "review.confirm" : "review.confirmEmpty", { n: plan.tasks, tasks: number(plan.tasks), m: plan.regions, regions: number(plan.regions) })
    + (plan.set_aside ? ` ${t("review.confirmAside", { n: plan.set_aside, count: number(plan.set_aside) })}` : "");

  async function acceptBand() {
    const { high, medium } = status.edges;
    const asked = { high: { min_score: high }, medium: { min_score: medium, max_score: high }, low: { min_score: 0, max_score: medium }, nothing_found: { nothing_found: true } }[band];
    const plan = await post("accept/plan", asked);
    if (!plan.tasks) { done.textContent = t("review.nothingLeft"); await refresh(); return; }
    if (!await ask(question(plan), { yes: t("review.accept") })) return;
    working.hidden = false;
    working.removeAttribute("value");
    const watching = setInterval(() => history.load().then((found) => {
      if (found[0]?.state === "open") { working.max = plan.tasks; working.value = found[0].accepted; done.textContent = t("review.acceptedSoFar", { done: number(found[0].accepted), all: number(plan.tasks) }); }
    }).catch(() => {}), WATCH);
    try { sayAccepted(await post("accept", asked)); }
    finally { clearInterval(watching); working.hidden = true; await refresh(); }
  }

  function sayAccepted(report) {
    const said = t("review.acceptedNow", { n: report.accepted_tasks, tasks: number(report.accepted_tasks), m: report.accepted_regions, regions: number(report.accepted_regions) })
      + (report.skipped ? ` ${t("review.leftOut", { n: report.skipped, count: number(report.skipped) })}` : "");
    const undo = h("button", { id: "undo", type: "button", onclick: () => attempt(() => history.undo(report.acceptance, 1), undo) }, t("review.undo"));
    done.replaceChildren(h("span", {}, said), report.acceptance && report.accepted_tasks ? undo : "");
  }

  function sayUndone(report) {
    done.replaceChildren(h("span", {}, t("review.undoneNow", { n: report.undone, count: number(report.undone) })),
      ...report.left.slice(0, 20).map((one) => h("a", { href: `${project.label_studio}?task=${one.task}`, target: "_blank", rel: "noopener" }, t("review.leftAsIs", { task: one.task, reason: one.reason }))));
  }

  async function decide(verdict, cards) {
    for (const card of cards) {
      await post("set-aside", { task: card.object.task, verdict, object: verdict === "rejected" ? card.object.object : "" });
    }
    const tasks = [...new Set(cards.map((card) => card.object.task))];
    done.textContent = t("review.asideNow", { n: tasks.length, count: number(tasks.length) });
    if (band !== "to_fix") grid.remove(tasks);
    await load();
  }

  async function reject() { if (band !== "to_fix" && band !== "nothing_found") await decide("rejected", grid.targets()); }

  // The window must be opened by the key press itself, or the browser blocks it.
  async function fix() {
    const cards = grid.targets();
    if (!cards.length) return;
    window.open(`${project.label_studio}?task=${cards[0].object.task}`, "_blank", "noopener");
    if (band !== "to_fix") await decide("fix", cards);
  }

  async function back() {
    if (band !== "to_fix") return;
    const tasks = [...new Set(grid.targets().map((card) => card.object.task))];
    for (const task of tasks) await post("put-back", { task });
    grid.remove(tasks);
    done.textContent = t("review.backNow", { n: tasks.length, count: number(tasks.length) });
    await Promise.all([load(), edges.load()]);
  }

  function look(card) {
    const { task } = card.object, image = h("img", { alt: t("common.task", { task }) }), canvas = h("canvas", { "aria-hidden": "true" });
    image.addEventListener("load", () => drawObjects(canvas, image.naturalWidth, image.naturalHeight, grid.ofTask(task).filter((one) => one.object.box).map((one) => ({
      box: one.object.box, colour: COLOUR[one === card ? "" : "high"], text: `${one.object.label} ${number(one.object.score, 2)}` }))));
    picture(image, task, 1600);
    const dialog = h("dialog", { class: "look", "aria-label": t("common.task", { task }), onclose: () => dialog.remove() }, h("div", { class: "stage" }, image, canvas),
      h("form", { method: "dialog", class: "bar" }, h("span", {}, t("common.task", { task })), h("a", { href: `${project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" }, t("review.openTask")),
        h("span", { class: "grow" }), h("button", { autofocus: true }, t("common.close"))));
    document.body.append(dialog);
    dialog.showModal();
  }

  // What other people do in Label Studio shows up here without a reload.
  async function watch() {
    if (signal.aborted) return;
    if (!document.hidden && !document.querySelector("dialog[open]")) {
      try {
        const now = await api(`/projects/${project.id}/review`, { signal });
        const moved = ["reviewed", "left", "set_aside", "total"].some((name) => now[name] !== status[name]) || now.edges.high !== status.edges.high || now.edges.medium !== status.edges.medium;
        if (moved && grid.loaded()) await refresh(); else if (moved) await load();
      } catch (error) { if (error.name === "AbortError") return; }
    }
    setTimeout(watch, LOOK);
  }

  await refresh();
  setTimeout(watch, LOOK);
  return { update: (asked) => (BANDS.includes(asked.band) && asked.band !== band ? choose(asked.band) : undefined) };
}
