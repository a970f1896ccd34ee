// Review by score: what is left in each band, its objects one by one, and accepting them, one, some or all.
import { api, isAbort } from "../api.js";
import { h, renew } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { Accepting } from "../review/accepting.js";
import { AdditionsPanel } from "../review/additions.js";
import { BANDS, bandHead, bandTabs, firstBand } from "../review/bands.js";
import { CheckOffer } from "../review/check_offer.js";
import { CheckFirstPanel } from "../review/check_first.js";
import { Deciding } from "../review/deciding.js";
import { EdgesPanel } from "../review/edges.js";
import { CropGrid } from "../review/grid.js";
import { HistoryPanel } from "../review/history.js";
import { Look } from "../review/look.js";
import { ProgressPanel } from "../review/progress.js";
import { TeachingPanel } from "../review/teaching.js";
import { VerifyChoice } from "../review/verify/choice.js";
import { Wall } from "../review/wall.js";
import { change, linkTo } from "../router.js";

const LOOK = 8000;

/** @param {ScreenContext} context @returns {Promise<OpenedScreen>} */
export async function open(context) {
  const { root, project } = context;
  root.append(h("h1", {}, t("review.title")));
  if (!project.labels.length) {
    root.append(h("div", { class: "panel empty" }, h("p", {}, t("annotate.noLabels"))));
    return {};
  }
  const screen = new ReviewScreen(context);
  await screen.begin();
  return { update: (params) => screen.follow(params) };
}

/** @param {string | undefined} name */
const bandIn = (name) => BANDS.find((band) => band === name) ?? null;

/** @implements {ReviewDesk} */
class ReviewScreen {
  #views = /** @type {Api.View[]} */ ([]);
  #loads = 0; // under way
  progress = new ProgressPanel();
  status = /** @type {Api.ReviewStatus} */ (/** @type {unknown} */ (null)); // there once `begin` is through

  /** @param {ScreenContext} context */
  constructor({ root, project, params, signal }) {
    this.project = project;
    this.signal = signal;
    this.band = /** @type {BandTab | null} */ (bandIn(params.band));
    this.label = this.#labelIn(params);
    this.done = h("div", { id: "review-text", role: "status" });
    this.working = h("progress", { hidden: true, max: "1", "aria-label": t("review.accepting") });
    const onmoved = () => this.#refreshAll();
    this.edges = new EdgesPanel({ project, signal, label: this.label, onmoved, onlabel: (label) => this.#chooseLabel(label) });
    this.accepting = new Accepting(this);
    this.deciding = new Deciding(this);
    this.choice = new VerifyChoice(project);
    const onundone = async (/** @type {Api.UndoReport} */ report) => {
      this.accepting.sayUndone(report);
      await this.#refreshAll();
    };
    this.history = new HistoryPanel({ project, signal, onundone });
    this.additions = new AdditionsPanel(this, onmoved);
    this.grid = new CropGrid({ project, signal, act: this.#gridActs() });
    this.wall = new Wall({
      project,
      signal,
      look: (card) => this.look.show(card),
      changed: () => this.#load().then(() => this.teaching.judged()),
      chosen: (label) => this.#chosenOnWall(label),
    });
    this.look = new Look(this);
    this.teaching = new TeachingPanel({ project, signal, label: this.label, changed: () => this.#refreshAll() });
    this.tabs = h("nav", { id: "bands", "aria-label": t("review.bands") });
    this.head = h("div", { class: "bar band-head" });
    this.tools = h("div", { class: "toolbar", role: "toolbar", "aria-label": t("review.actions") });
    this.checkFirst = new CheckFirstPanel({ project, signal, changed: () => this.reload() });
    const { head, working, done, tools, wall, accepting: { left } } = this;
    const work = h("section", { class: "panel work" }, head, working, done, left.root, this.checkFirst.root, this.grid.root, tools, wall.root);
    this.offer = new CheckOffer({ project, chosen: () => this.refresh() });
    this.parts = [this.progress.root, this.edges.root, this.tabs, work, this.teaching.root];
    for (const part of this.parts) part.hidden = true; // an empty frame says nothing
    this.loading = h("p", { class: "muted", role: "status" }, t("common.loading"));
    this.empty = nothingYet();
    root.append(this.loading, this.empty, this.offer.root, ...this.parts, this.additions.root, this.history.root);
  }

  async begin() {
    await this.#refreshAll().finally(() => this.loading.remove());
    setTimeout(() => this.#watch(), LOOK);
  }

  // The address changed.
  /** @param {Params} params */
  follow(params) {
    const label = this.#labelIn(params),
      band = bandIn(params.band);
    if (label !== this.label) this.edges.choose(label);
    return band && band !== this.band ? this.#choose(band) : undefined;
  }

  /** @param {string} path @param {unknown} json */
  post(path, json) {
    return api(`/projects/${this.project.id}/review/${path}`, { json });
  }

  async reload() {
    await Promise.all([this.#load(), this.edges.load(), this.history.load()]);
  }

  async refresh() {
    await this.reload();
    await this.#openGrid();
  }

  // With the labels computed later, which an acceptance changes nothing of.
  async #refreshAll() {
    await this.refresh();
    this.additions.load().catch(() => {}); // an offer beside the work: nothing waits for it, and without it nothing is missing
  }

  async #openGrid() {
    const wall = this.band === "all", checking = this.band === "check_first";
    this.wall.root.hidden = !wall;
    this.checkFirst.root.hidden = !checking;
    this.grid.root.hidden = wall || checking;
    this.tools.hidden ||= wall || checking;
    if (this.band === "all") await this.wall.open(this.label);
    else if (checking) await this.checkFirst.load();
    else await this.grid.open(this.band ?? "high", this.label);
  }

  // What is shown, one by one.
  get cards() {
    return this.band === "all" ? this.wall : this.grid;
  }

  async #load() {
    const { signal } = this,
      path = `/projects/${this.project.id}`;
    this.#loads += 1;
    try {
      const asked = [api(`${path}/review`, { signal }), api(`${path}/views`, { signal })];
      const [status, { views }] = await Promise.all(asked);
      this.status = status;
      this.#views = views.filter((/** @type {Api.View} */ view) => view.kind === "band");
    } finally {
      this.#loads -= 1;
    }
    this.band ??= firstBand(this.status);
    this.loading.remove();
    this.empty.hidden = this.status.total > 0;
    for (const part of this.parts) part.hidden = !this.status.total;
    this.progress.show(this.status);
    this.offer.show(this.status);
    this.#showBands();
  }

  /** @param {Params} params */
  #labelIn({ label }) {
    return this.project.labels.includes(label) ? label : null;
  }

  /** @param {string | null} label */
  #chosenOnWall(label) {
    this.edges.choose(label);
    if (this.label !== label) this.#chooseLabel(label); // the histogram has nothing of it: all is set aside
  }

  /** @param {string | null} label */
  #chooseLabel(label) {
    this.label = label;
    change({ label }, { quiet: true });
    this.teaching.choose(label);
    if (!this.status) return;
    this.#showBands();
    attempt(() => this.#openGrid());
  }

  /** @param {BandTab} band */
  async #choose(band) {
    this.band = band;
    this.done.replaceChildren(); // what was done in another band; the list of acceptances has it
    change({ band }, { quiet: true });
    this.#showBands();
    await this.#openGrid();
  }

  #showBands() {
    renew(
      this.tabs,
      bandTabs(this, (band) => attempt(() => this.#choose(band))),
    );
    renew(
      this.head,
      bandHead(this, this.#views, {
        accept: () => this.accepting.band(),
        verify: this.choice,
        judged: () => this.accepting.judged(),
      }),
    );
    this.accepting.left.show();
  }

  /** @returns {Record<"accept" | "reject" | "fix" | "back", () => unknown>} */
  #acts() {
    const { accepting, deciding } = this;
    return {
      accept: () => accepting.right(),
      reject: () => deciding.reject(),
      fix: () => deciding.fix(),
      back: () => deciding.back(),
    };
  }

  /** @returns {import("../review/grid.js").Acts} */
  #gridActs() {
    const { accept, reject, fix, back } = this.#acts();
    return {
      accept: () => attempt(accept),
      reject: () => attempt(reject),
      fix: () => attempt(fix),
      back: () => attempt(back),
      look: (card) => this.look.show(card),
      changed: () => this.#showTools(),
    };
  }

  #showTools() {
    const { grid, band, tools } = this,
      acts = this.#acts(),
      none = !grid.targets().length;
    const button = (/** @type {keyof typeof acts} */ id, /** @type {string} */ key) => {
      const text = [t(`review.${id}`), h("kbd", { "aria-hidden": "true" }, key)];
      const cls = id === "accept" ? "primary" : "";
      return actionButton(text, acts[id], { id, class: cls, disabled: none, "aria-keyshortcuts": key });
    };
    tools.hidden = !grid.all().length || band === "all";
    tools.replaceChildren(
      button("accept", "A"),
      ...(band === "nothing_found" ? [] : [button("reject", "R")]),
      button("fix", "F"),
      ...(band === "to_fix" ? [button("back", "B")] : []),
      this.#selectAll(),
      h("span", { class: "muted keys" }, t("review.keys")),
    );
  }

  #selectAll() {
    const { grid } = this,
      selected = grid.selected(),
      many = grid.all().length;
    const box = h("input", {
      type: "checkbox",
      checked: many > 0 && selected === many,
      indeterminate: selected > 0 && selected < many,
      onchange: (event) => grid.toggleAll(event.currentTarget.checked),
    });
    const text = selected ? t("review.selected", { count: number(selected) }) : t("review.selectAll");
    return h("label", { class: "field" }, box, " ", text);
  }

  // What other people do in Label Studio shows up here without a reload.
  async #watch() {
    if (this.signal.aborted) return;
    if (!document.hidden && !document.querySelector("dialog[open]")) {
      try {
        await this.#lookAround();
      } catch (error) {
        if (isAbort(error)) return;
      }
    }
    setTimeout(() => this.#watch(), LOOK);
  }

  async #lookAround() {
    const before = this.status;
    /** @type {Api.ReviewStatus} */
    const now = await api(`/projects/${this.project.id}/review`, { signal: this.signal });
    // What this person did meanwhile moved the counts, and has told so in `done`: that stays.
    if (this.#loads > 0 || this.status !== before || !hasMoved(before, now)) return;
    this.done.replaceChildren(); // it is no longer how things stand
    if (this.cards.loaded()) await this.#refreshAll();
    else await this.#load();
  }
}

// Whether things stand otherwise than they did.
/** @param {Api.ReviewStatus} before @param {Api.ReviewStatus} now */
export const hasMoved = (before, now) =>
  /** @type {const} */ (["reviewed", "left", "check_first", "set_aside", "total"]).some((name) => now[name] !== before[name]) ||
  now.edges.high !== before.edges.high ||
  now.edges.medium !== before.edges.medium;

function nothingYet() {
  const link = h("a", { class: "button", href: linkTo({ screen: "annotate" }) }, t("review.toAnnotate"));
  return h("div", { class: "panel empty", hidden: true }, h("p", {}, t("review.none")), link);
}
