// Check first: what may be missing or odd, one question at a time, with its picture and box. A adds what is missing, or
// rejects what is odd; N says that nothing is; Z takes the last answer back.
import { api, picture } from "../api.js";
import { h, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";
import { drawObjects } from "../regions.js";
import { CheckWall } from "./check_wall.js";

const PAGE = 30; // tasks

export class CheckFirstPanel {
  #open = /** @type {Api.Suspicion[]} */ ([]);
  #answered = /** @type {Api.Suspicion[]} */ ([]);
  #busy = false;
  #loads = 0;
  #all = false; // at once

  // `changed`: tasks went to a band, or came from one.
  /** @param {{ project: Api.Project, signal: AbortSignal, changed: () => Promise<unknown> }} given */
  constructor({ project, signal, changed }) {
    this.project = project;
    this.signal = signal;
    this.changed = changed;
    this.image = h("img", { alt: "" });
    this.layer = h("div", { class: "regions" });
    this.stage = h("div", { class: "stage" }, this.image, this.layer);
    this.question = h("p", { id: "check-question", role: "status" });
    this.acts = h("div", { class: "toolbar", role: "toolbar", "aria-label": t("review.actions") });
    this.asking = h("div", { class: "asking", tabIndex: 0, "aria-labelledby": "check-question" });
    this.asking.append(this.question, this.acts, this.stage);
    this.asking.addEventListener("keydown", (event) => this.#onkey(event));
    this.empty = h("p", { class: "muted" });
    this.kinds = h("table", { class: "kinds" });
    const kinds = h("details", {}, h("summary", {}, t("review.checkKinds")), this.kinds);
    this.wall = new CheckWall({ project, signal, changed });
    this.way = actionButton("", () => this.#turn(), { id: "check-way" });
    this.root = h("div", { id: "check-first", hidden: true }, this.way, this.empty, this.asking, this.wall.root, kinds);
    this.details = kinds;
  }

  // From one by one to all at once, or back.
  async #turn() {
    this.#all = !this.#all;
    await this.load();
  }

  async load() {
    this.way.textContent = t(this.#all ? "review.checkOne" : "review.checkAll");
    this.wall.root.hidden = !this.#all;
    await Promise.all([this.#load(), this.#all && this.wall.load()]);
  }

  async #load() {
    const mine = ++this.#loads;
    /** @type {Api.CheckFirst} */
    const found = await api(`${this.#path()}?limit=${PAGE}`, { signal: this.signal });
    if (mine !== this.#loads) return; // what was asked for before an answer still has the question
    this.#open = found.suspicions;
    this.#answered = found.answered;
    put(
      this.kinds,
      found.kinds.map((kind) => this.#kind(kind)),
    );
    if (!found.kinds.some((kind) => kind.on)) this.details.open = true;
    this.empty.textContent = found.kinds.some((kind) => kind.on) ? t("review.checkNone") : t("review.checkOff");
    this.#show();
  }

  #path = () => `/projects/${this.project.id}/review/check-first`;

  #show() {
    const now = this.#open[0];
    this.asking.hidden = this.#all || (!now && !this.#answered.length);
    this.stage.hidden = !now;
    this.empty.hidden = this.#all || Boolean(now);
    if (now) this.#ask(now);
    else this.question.textContent = "";
    this.asking.dataset.suspicion = now ? String(now.id) : "";
    const act = now?.lacking ? "checkAdd" : "checkReject";
    const button = (/** @type {string} */ id, /** @type {string} */ key, /** @type {() => unknown} */ work, cls = "") =>
      actionButton([t(`review.${id}`), h("kbd", { "aria-hidden": "true" }, key)], work, {
        id,
        class: cls,
        "aria-keyshortcuts": key,
      });
    put(
      this.acts,
      now && button(act, "A", () => this.#answer(now.lacking ? "add" : "reject"), "primary"),
      now && button("checkNothing", "N", () => this.#answer("nothing_there")),
      this.#answered.length > 0 && button("checkBack", "Z", () => this.#back()),
    );
  }

  /** @param {Api.Suspicion} suspicion */
  #ask({ task, kind, label, box, score, said }) {
    const name = t("common.task", { task });
    this.question.textContent = [
      t(`review.kind_${kind}`),
      label,
      said && t("review.otherSays", { label: said }),
      score === null ? "" : t("review.score", { score: number(score, 2) }),
      name,
    ]
      .filter(Boolean)
      .join(" · ");
    this.image.alt = this.question.textContent;
    picture(this.image, task, 1200);
    const [x, y, width, height] = (box ?? []).map((value) => value / 100);
    const shape = box ? [{ label, score, box: [x, y, x + width, y + height] }] : [];
    drawObjects(this.layer, shape, this.project.labels);
  }

  /** @param {Api.KindOfSuspicion} kind */
  #kind({ kind, on, open, right, wrong }) {
    const box = h("input", {
      type: "checkbox",
      checked: on,
      "data-kind": kind,
      onchange: () => attempt(() => this.#switch()),
    });
    const said = right + wrong;
    const rate = said ? t("review.checkRate", { right: number(right), said: number(said) }) : t("review.checkUnsaid");
    return h(
      "tr",
      {},
      h("td", {}, h("label", {}, box, " ", t(`review.kind_${kind}`))),
      h("td", { class: "muted" }, t("review.checkOpen", { count: number(open) })),
      h("td", { class: "muted" }, rate),
    );
  }

  async #switch() {
    const boxes = /** @type {HTMLInputElement[]} */ ([...this.kinds.querySelectorAll("input")]);
    const on = boxes.filter((box) => box.checked).map((box) => box.dataset.kind);
    await api(`${this.#path()}/kinds`, { method: "PUT", json: { on } });
    await this.#after();
  }

  /** @param {"add" | "reject" | "nothing_there"} verdict */
  async #answer(verdict) {
    const suspicion = this.#open[0].id;
    await this.#send("", { suspicion, verdict });
  }

  async #back() {
    await this.#send("/undo", { suspicion: this.#answered[0].id });
  }

  /** @param {string} path @param {unknown} json */
  async #send(path, json) {
    if (this.#busy) return; // until the next question is there, a key would answer this one again
    this.#busy = true;
    try {
      await api(`${this.#path()}${path}`, { json });
    } finally {
      await this.#after();
    }
  }

  // What was answered is told by the server: another person may have been at it.
  async #after() {
    const changed = this.changed();
    await this.load().finally(() => (this.#busy = false));
    await changed;
    this.asking.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const now = this.#open[0];
    /** @type {Record<string, (() => unknown) | false>} */
    const keys = {
      a: now ? () => this.#answer(now.lacking ? "add" : "reject") : false,
      n: now ? () => this.#answer("nothing_there") : false,
      z: this.#answered.length > 0 && (() => this.#back()),
    };
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    attempt(act);
  }
}
