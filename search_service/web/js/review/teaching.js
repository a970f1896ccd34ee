// A label taught by examples: what the verdicts on its objects would make of the scores, with pictures. Only *Use it*
// changes anything.
import { api } from "../api.js";
import { h, renew } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { actionButton, ask, attempt } from "../messages.js";
import { cropInto } from "../pictures.js";

const PAUSE = 1500; // ms after a verdict

export class TeachingPanel {
  #loads = 0;
  #timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  /** @param {{ project: Api.Project, signal: AbortSignal, label: string | null, changed: () => Promise<unknown> }} given */
  constructor({ project, signal, label, changed }) {
    this.path = `/projects/${project.id}/teaching`;
    this.signal = signal;
    this.changed = changed;
    this.label = label ?? project.labels[0];
    const options = project.labels.map((one) => h("option", { value: one, selected: one === this.label }, one));
    this.select = h("select", { "aria-label": t("teach.label"), onchange: (event) => this.#pick(event.currentTarget.value) }, options);
    this.body = h("div", { class: "taught", "aria-live": "polite" });
    const head = h("div", { class: "bar" }, h("label", { class: "field" }, t("teach.label"), " ", this.select));
    this.root = h(
      "details",
      { id: "teach", class: "panel", ontoggle: () => attempt(() => this.load()) },
      h("summary", {}, t("teach.title")),
      h("p", { class: "muted" }, t("teach.hint")),
      head,
      this.body,
    );
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  // The label that the rest of the screen is about.
  /** @param {string | null} label */
  choose(label) {
    if (label) this.#pick(label);
  }

  // Something was said of an object.
  judged() {
    clearTimeout(this.#timer);
    if (this.root.open) this.#timer = setTimeout(() => this.load().catch(() => {}), PAUSE);
  }

  /** @param {string} label */
  #pick(label) {
    if (label === this.label) return;
    this.label = label;
    this.select.value = label;
    attempt(() => this.load());
  }

  async load() {
    if (!this.root.open) return;
    const mine = ++this.#loads;
    /** @type {Api.LabelTeaching} */
    const found = await api(`${this.path}/label?${new URLSearchParams({ label: this.label })}`, { signal: this.signal });
    if (mine === this.#loads) this.#show(found);
  }

  /** @param {Api.LabelTeaching} found */
  #show(found) {
    const { draft, states, rebuilding } = found;
    renew(
      this.body,
      h("p", { "data-part": "line" }, sentences(found).join(" ")),
      rebuilding > 0 && h("p", { class: "muted", "data-part": "rebuilding" }, t("teach.rebuilding", { n: rebuilding, count: number(rebuilding) })),
      draft && this.#draft(found, draft),
      states.length > 0 && h("h3", { "data-part": "states" }, t("teach.states")),
      states.length > 0 && h("ul", { "data-part": "list", class: "acceptances" }, states.map((state) => this.#state(found, state))),
    );
  }

  /** @param {Api.LabelTeaching} found @param {Api.VerifierDraft} draft */
  #draft(found, draft) {
    const { changes, key } = draft;
    const used = found.states.some((state) => state.key === key && state.in_use);
    const use = actionButton(t("teach.use"), () => this.#use(found, key), { class: "primary", id: "teach-use", disabled: !draft.paid || used });
    return h(
      "div",
      { "data-part": "draft" },
      h("p", { "data-part": "changes" }, whatChanges(changes)),
      pictures("changed", changes.crops),
      h("div", { class: "bar" }, use, used && h("span", { class: "muted" }, t("teach.same"))),
      pictures("pulling", draft.pulling),
      pictures("mistakes", draft.mistakes),
    );
  }

  /** @param {Api.LabelTeaching} found @param {Api.VerifierState} state */
  #state(found, state) {
    const said = [t("teach.examples", counts(state)), state.created_by, when(state.created_at)].filter(Boolean).join(" · ");
    const act = state.in_use
      ? actionButton(t("teach.off"), () => this.#off(found), { class: "off" })
      : actionButton(t("teach.back"), () => this.#use(found, state.key), { class: "back" });
    const mark = state.in_use && h("span", { class: "state done" }, t("teach.inUse"));
    return h("li", { "data-key": state.key, "data-used": String(state.in_use) }, mark, h("span", { class: "grow" }, said), act);
  }

  /** @param {Api.LabelTeaching} found @param {string} key */
  async #use(found, key) {
    if (await sure(found, t("teach.use"))) await this.#change("use", found, { key });
  }

  /** @param {Api.LabelTeaching} found */
  async #off(found) {
    if (await sure(found, t("teach.off"))) await this.#change("off", found, {});
  }

  /** @param {string} what @param {Api.LabelTeaching} found @param {{ key?: string }} body */
  async #change(what, found, body) {
    const json = { label: found.label, end_samples: found.open_samples.length > 0, ...body };
    this.#show(await api(`${this.path}/${what}`, { json, signal: this.signal }));
    await this.changed();
  }
}

// Whether open verification samples may end by it; without any there is nothing to ask.
/** @param {Api.LabelTeaching} found @param {string} yes */
async function sure({ open_samples: { length: n } }, yes) {
  return !n || ask(t("teach.endsSamples", { n, count: number(n) }), { yes });
}

/** @param {{ right: number, wrong: number }} counted */
const counts = ({ right, wrong }) => ({ right: number(right), wrong: number(wrong) });

// Where a label stands, a sentence each.
/** @param {Api.LabelTeaching} found */
export function sentences(found) {
  const { right, wrong, draft, waiting, gone, wanted } = found;
  const given = { ...counts(found), wanted: number(wanted), label: found.label };
  const said = [];
  if (!right && !wrong) said.push(t("teach.none", given));
  else if (!wrong) said.push(t("teach.noWrong", given));
  else if (!right) said.push(t("teach.noRight", given));
  else if (!draft) said.push(t("teach.few", given));
  else if (!draft.paid) said.push(t("teach.notBetter", given));
  else {
    const { ranked, ranked_by_score } = draft.figures;
    said.push(t("teach.better", { ...given, ranked: number(100 * ranked, 1), byScore: number(100 * ranked_by_score, 1) }));
  }
  if (waiting) said.push(t("teach.waiting", { n: waiting, count: number(waiting) }));
  if (gone) said.push(t("teach.gone", { n: gone, count: number(gone) }));
  return said;
}

/** @param {Api.VerifierDraft["changes"]} changes */
function whatChanges({ objects, of, shown, hidden, into_high: high, out_of_high: low }) {
  const given = { objects: number(objects), of: number(of), shown: number(shown), hidden: number(hidden), high: number(high), low: number(low) };
  return t(objects < of ? "teach.changesOfNewest" : "teach.changes", given);
}

/** @param {"changed" | "pulling" | "mistakes"} kind @param {Api.TaughtObject[]} objects */
function pictures(kind, objects) {
  if (!objects.length) return false;
  return [h("h3", { "data-part": `${kind}-title` }, t(`teach.${kind}`)), h("ul", { class: "addable", "data-part": kind }, objects.map(pictureOf))];
}

/** @param {Api.TaughtObject} one */
export function pictureOf({ task, box, before, after, right }) {
  const said = right === null ? "" : `${t(right ? "wall.right" : "wall.wrong")} · `;
  const text = `${said}${number(before, 2)} → ${number(after, 2)}`;
  const image = h("img", { alt: `${t("common.task", { task })}, ${text}`, loading: "lazy" });
  cropInto(image, task, box);
  return h("li", { "data-crop": `${task} ${box.join()}` }, image, h("span", { "aria-hidden": "true" }, text));
}
