// The answer to a search of objects: their crops, best first, each of which opens its large picture.
import { picture, Problem } from "../api.js";
import { h, icon } from "../dom.js";
import { number, short, t } from "../i18n.js";
import { actionButton, attempt, shown } from "../messages.js";
import { cropInto } from "../pictures.js";
import { likeThis } from "../references.js";
import { drawObjects } from "../regions.js";
import { findObjects, ofObjects } from "./ask.js";
import { openView } from "./view_tab.js";

const PAGE = 100; // hits
const MOST = 1000; // tasks of a view

export class ObjectResults {
  #ask = /** @type {Ask | null} */ (null);
  #asked = 0; // an answer to an earlier question is not shown
  #hits = /** @type {Api.ObjectHit[]} */ ([]);
  #total = 0;

  // `choose(ask)` asks something else.
  /** @param {{ project: Api.Project, signal: AbortSignal, choose: (ask: Ask) => unknown }} given */
  constructor({ project, signal, choose }) {
    this.project = project;
    this.base = `/projects/${project.id}`;
    this.signal = signal;
    this.choose = choose;
    this.summary = h("span", { id: "object-summary", role: "status" });
    this.list = h("ol", { id: "object-grid", class: "crops", "aria-label": t("search.results") });
    this.more = actionButton(t("search.moreObjects"), () => this.#load(), { id: "more-objects" });
    this.view = actionButton([icon("view"), t("search.view")], () => this.#openView(), { id: "object-view" });
    const bar = h("div", { class: "bar results-bar" }, this.summary, h("span", { class: "grow" }), this.view);
    this.root = h("section", { hidden: true, "aria-label": t("search.results") }, bar, this.list, this.more);
  }

  hide() {
    this.#asked += 1;
    this.root.hidden = true;
  }

  /** @param {Ask} ask @returns {Promise<number>} how many objects are not embedded yet */
  show(ask) {
    this.hide();
    return this.reload(ask);
  }

  // Show the first page when it is there; until then, what was shown stays.
  /** @param {Ask} ask */
  reload(ask) {
    this.#asked += 1;
    this.#ask = ask;
    return this.#load(0);
  }

  async #load(offset = this.#hits.length) {
    const ask = this.#ask,
      asked = this.#asked;
    if (!ask) return 0;
    const found = await findObjects(this.base, ask, PAGE, offset, this.signal);
    if (asked !== this.#asked) return 0;
    if (!offset) {
      this.#hits = [];
      this.list.replaceChildren();
    }
    this.#hits.push(...found.hits);
    this.#total = found.total;
    this.list.append(...found.hits.map((hit) => this.#card(hit)));
    this.summary.textContent = this.#summary(found);
    this.more.hidden = !found.hits.length || this.#hits.length >= this.#total;
    this.view.disabled = !this.#hits.length;
    this.root.hidden = false;
    return found.objects.waiting;
  }

  /** @param {Api.FoundObjects} found */
  #summary({ objects, nothing_found: nothing, unread }) {
    const every = objects.embedded + objects.waiting + objects.failed;
    return [
      t("search.rankedObjects", { n: this.#total, total: number(this.#total) }),
      nothing && t("search.noneLikely"),
      objects.waiting > 0 && t("search.objectsWaiting", { n: number(objects.embedded), total: number(every) }),
      unread?.length && t("search.unread", { text: short(unread[0]) }),
    ]
      .filter(Boolean)
      .join(" · ");
  }

  /** @param {Api.ObjectHit} hit */
  #card(hit) {
    const { task, object, label, box, score } = hit;
    const image = h("img", { alt: "", loading: "lazy" });
    cropInto(image, task, box);
    const told = hit.relevance ? t(`search.${hit.relevance}`) : "";
    const similarity = t("search.similarityIs", { value: hit.similarity.toFixed(3) });
    const said = [label, similarity, told, t("review.score", { score: number(score, 2) }), t("common.task", { task })];
    const face = h(
      "button",
      {
        type: "button",
        class: "face",
        "aria-label": said.filter(Boolean).join(", "),
        onclick: () => attempt(() => this.#look(hit)),
      },
      image,
      h(
        "span",
        { class: "facts" },
        h("b", { title: t("search.similarity") }, hit.similarity.toFixed(3)),
        h("span", { class: `relevance ${hit.relevance ?? ""}` }, told),
        h("span", {}, label),
        h("span", { class: "muted" }, number(score, 2)),
      ),
    );
    const like = h(
      "button",
      {
        type: "button",
        class: "quiet like-object",
        title: t("search.similarObject"),
        "aria-label": `${t("search.similarObject")}: ${t("search.object", { object })}`,
        onclick: () => this.#like(hit),
      },
      icon("like"),
    );
    return h("li", { class: "crop object-hit", "data-object": String(object) }, face, like);
  }

  /** @param {Api.ObjectHit} hit */
  #like({ object }) {
    const ask = /** @type {Ask} */ (this.#ask);
    return this.choose({ ...ask, text: "", file: null, like: [{ object }], unlike: [] });
  }

  // The whole picture, with the object outlined.
  /** @param {Api.ObjectHit} hit */
  async #look(hit) {
    const { task, label, score, box } = hit,
      name = t("common.task", { task });
    const image = h("img", { alt: name }),
      layer = h("div", { class: "regions" });
    drawObjects(layer, [{ label, score, box }], this.project.labels);
    picture(image, task, 1600);
    const link = { href: `${this.project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
    const form = h(
      "form",
      { method: "dialog", class: "bar" },
      h("span", {}, name),
      h("a", link, t("search.openTask")),
      h("span", { class: "grow" }),
      h("button", { value: "like" }, icon("like"), t("search.similarObject")),
      h("button", { value: "label" }, t("like.like")),
      h("button", { autofocus: true, class: "primary" }, t("common.close")),
    );
    const stage = h("div", { class: "stage" }, image, layer);
    const answer = await shown(h("dialog", { class: "look", "aria-label": name }, stage, form));
    if (answer === "like") await this.#like(hit);
    if (answer === "label") await likeThis(this.project, [{ object: hit.object }], label);
  }

  async #openView() {
    const ask = /** @type {Ask} */ (this.#ask);
    if (!this.#hits.length) throw new Problem(t("search.chooseFirst"));
    await openView(this.base, { objects: ofObjects(ask), limit: Math.min(this.#hits.length, MOST) });
  }
}
