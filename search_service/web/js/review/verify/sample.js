// A sample that is judged: the next item or what stands in its place, the bound beside it, and the ladder.
import { api, isAbort, Problem } from "../../api.js";
import { h, put } from "../../dom.js";
import { number, t } from "../../i18n.js";
import { attempt, notice } from "../../messages.js";
import { change, go, linkTo } from "../../router.js";
import { BoundChart } from "./bound_chart.js";
import { Judging, meaningOf } from "./judging.js";
import { labelLine, rung } from "./ladder.js";
import { outcome } from "./outcome.js";
import { aboutText, edgeText, labelOf, ofFrames, say, SMALL, stageOf, stepOf, termsOf } from "./telling.js";

const LOOK = 6000, // ms; what was given to this screen stays its own for a minute
  AHEAD = 8,
  FEW = 4; // items left when the next are asked for
const KEY = "argus-verify-screen";

// Tells this tab from another one of the same person; a reload is the same.
function screenName() {
  const name = sessionStorage.getItem(KEY) ?? Math.random().toString(36).slice(2, 12);
  sessionStorage.setItem(KEY, name);
  return name;
}

export class SampleScreen {
  #items = /** @type {Api.SampleItem[]} */ ([]); // to judge, the first is shown
  #said = /** @type {Api.SampleItem[]} */ ([]); // judged here, the last one last
  #others = 0; // open items that somebody else has
  #busy = false;
  #goingOn = false; // past the budget
  #changes = 0; // of this person: an answer from before one is old
  #focus = false; // whether what is shown next gets the focus

  /** @param {ScreenContext} context @param {Api.Sample} sample */
  constructor({ root, project, params, signal }, sample) {
    this.project = project;
    this.signal = signal;
    this.sample = sample;
    this.step = stepOf(sample, params.edge);
    this.path = `/trust/samples/${sample.id}`;
    this.screen = screenName();
    const back = () => this.#back();
    this.judging = new Judging({ project, sample, judge: (verdict) => this.#judge(verdict), back });
    this.chart = new BoundChart();
    this.outcome = h("div", { class: "outcome", "aria-live": "polite" });
    this.note = h("p", { class: "muted", id: "verify-note", role: "status" });
    this.working = h("progress", { hidden: true, "aria-label": t("review.accepting") });
    this.ladder = h("ol", { class: "ladder", "aria-label": t("verify.ladder"), hidden: ofFrames(sample) });
    this.labels = h("ul", { class: "first-of-labels", "aria-label": t("verify.firstOfLabels") });
    const left = h("div", { class: "now" }, this.judging.root, this.outcome, this.working);
    const right = h("div", { class: "shown" }, this.chart.root, this.note, this.ladder, this.labels);
    root.append(this.#head(), this.#besides(), h("section", { class: "panel verify" }, left, right));
    document.addEventListener("keydown", (event) => this.#onkey(event), { signal });
  }

  async begin() {
    await Promise.all([this.#claim(), this.#course()]);
    this.#show();
    setTimeout(() => this.#watch(), LOOK);
  }

  #head() {
    const all = h("a", { href: linkTo({ screen: "verify" }) }, t("verify.overview"));
    return h("p", { class: "muted" }, aboutText(this.sample), " ", all);
  }

  // What a sample of one label says nothing of, and what is accepted all the same.
  #besides() {
    const { others: n } = this.sample,
      label = labelOf(this.sample);
    const said = label === undefined ? "" : t("verify.onlyLabel", { label, n, count: number(n) });
    return h("p", { id: "verify-only", hidden: !said }, said);
  }

  #stage() {
    return stageOf(this.sample, this.step, this.#goingOn);
  }

  // What is shown follows from the sample, the threshold and the items alone.
  #show() {
    const stage = this.#stage();
    const judging = stage === "judging" && this.#items.length > 0;
    this.judging.root.hidden = !judging;
    this.outcome.hidden = judging;
    if (judging) this.judging.show(this.#items);
    const shown = stage === "judging" && !judging ? "waiting" : stage;
    if (this.outcome.dataset.stage !== `${shown} ${this.step.edge} ${this.step.accepted}`)
      put(this.outcome, outcome(shown, { sample: this.sample, step: this.step, project: this.project, acts: this.#acts() }));
    this.outcome.dataset.stage = `${shown} ${this.step.edge} ${this.step.accepted}`;
    this.chart.show(this.sample, this.step);
    this.note.textContent = this.#noteOf(stage);
    this.ladder.replaceChildren(...this.sample.steps.map((step) => rung(step, step === this.step)));
    if (this.#focus) (judging ? this.judging.question : this.outcome.querySelector("h2"))?.focus();
    this.#focus = false;
  }

  /** @param {string} stage */
  #noteOf(stage) {
    const { objects, edge } = this.step;
    if (stage !== "judging") return "";
    const said = [];
    if (this.#others) said.push(say(this.sample, "others", { n: this.#others, count: number(this.#others) }));
    if (objects <= SMALL) said.push(say(this.sample, "small", { n: objects, count: number(objects), edge: edgeText(edge) }));
    return said.join(" ");
  }

  /** @returns {import("./outcome.js").Acts} */
  #acts() {
    return {
      accept: () => this.#accept(),
      back: () => this.#back(),
      judgeOn: () => this.#judgeOn(),
      drawNew: () => this.#drawNew(),
      to: (edge) => this.#to(edge),
    };
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    const at = event.target;
    const typing = at instanceof Element && at.matches("input, select, textarea");
    const meaning = typing || document.querySelector("dialog[open]") ? undefined : meaningOf(event);
    if (!meaning) return;
    event.preventDefault();
    if (meaning === "back") attempt(() => this.#back());
    else if (!this.judging.root.hidden) attempt(() => this.#judge(meaning));
  }

  // One thing at a time: a key pressed while another is being stored would be about what nobody has seen.
  /** @param {() => Promise<unknown>} work */
  async #alone(work) {
    if (this.#busy) return;
    this.#busy = true;
    this.#changes += 1;
    try {
      await work();
    } catch (error) {
      if (error instanceof Problem && (error.code === "conflict" || error.code === "not_found")) await this.#reread();
      throw error;
    } finally {
      this.#busy = false;
      this.#changes += 1;
    }
  }

  /** @param {Api.SampleVerdict} verdict */
  async #judge(verdict) {
    await this.#alone(async () => {
      const item = this.#items[0];
      if (!item) return;
      const judgements = [{ place: item.place, verdict, seconds: this.judging.seconds() }];
      this.#take(await api(`${this.path}/judgements`, { json: { judgements } }));
      this.#said.push(item);
      this.#items.shift();
      if (this.#stage() !== "judging") await this.#course();
      else if (this.#items.length < FEW) await Promise.all([this.#claim(), this.#course()]);
      this.#focus = this.#items.length === 0 || this.#stage() !== "judging";
      this.#show();
    });
  }

  // Z, also after a reload: then the server knows which one was the last.
  async #back() {
    if (this.sample.state === "void" || this.#stage() === "accepted") return;
    await this.#alone(async () => {
      const last = this.#said.at(-1);
      try {
        this.#take(await api(`${this.path}/take-back`, { json: { place: last?.place ?? null } }));
      } catch (error) {
        if (!(error instanceof Problem && error.code === "not_found")) throw error;
        notice(t("verify.nothingBack"));
        return;
      }
      this.#said.pop();
      await this.#claim();
      if (last) this.#items = [last, ...this.#items.filter((item) => item.place !== last.place)];
      this.#focus = true;
      this.#show();
    });
  }

  async #accept() {
    await this.#alone(async () => {
      this.working.hidden = false;
      try {
        /** @type {Api.VerifiedAcceptance} */
        const done = await api(`${this.path}/accept`, { json: { edge: this.step.edge } });
        if (done.skipped) notice(t("review.leftOut", { n: done.skipped, count: number(done.skipped) }));
      } finally {
        this.working.hidden = true;
        await this.#reread();
      }
    });
  }

  /** @param {number} edge */
  async #to(edge) {
    await this.#alone(async () => {
      this.step = stepOf(this.sample, String(edge));
      change({ edge }, { quiet: true });
      this.#goingOn = false;
      await Promise.all([this.#claim(), this.#course()]);
      this.#focus = true;
      this.#show();
    });
  }

  async #judgeOn() {
    await this.#alone(async () => {
      this.#goingOn = true;
      await this.#claim();
      this.#focus = true;
      this.#show();
    });
  }

  async #drawNew() {
    /** @type {Api.Sample} */
    const { id } = await api(`/projects/${this.project.id}/trust/samples`, { json: termsOf(this.sample) });
    go({ screen: "verify", sample: id });
  }

  /** @param {Api.Sample} sample */
  #take(sample) {
    this.sample = sample;
    this.step = stepOf(sample, String(this.step.edge));
  }

  // How the sample stands now, after an error or an acceptance.
  async #reread() {
    this.#take(await api(this.path, { signal: this.signal }));
    this.#focus = true;
    this.#show();
  }

  // The next items, the first open one first; what was given to this screen stays its own for a minute.
  async #claim() {
    if (this.#stage() !== "judging") return;
    const asked = { limit: AHEAD, edge: this.step.edge, screen: this.screen };
    /** @type {Api.SampleItems} */
    const { items, with_others } = await api(`${this.path}/claim`, { json: asked, signal: this.signal });
    this.#items = items;
    this.#others = with_others;
  }

  async #course() {
    const { edge } = this.step;
    /** @type {{ points: Api.SamplePoint[], labels: Api.SampleLabel[] }} */
    const { points, labels } = await api(`${this.path}/course?edge=${edge}`, { signal: this.signal });
    if (edge !== this.step.edge) return;
    this.chart.begin(points);
    this.labels.replaceChildren(...(labels.length > 1 ? labels.map(labelLine) : []));
  }

  // What others judge, a changed recipe and an undone acceptance show up here without a reload.
  async #watch() {
    if (this.signal.aborted) return;
    try {
      if (!document.hidden && !this.#busy) await this.#lookAround();
    } catch (error) {
      if (isAbort(error)) return;
    }
    setTimeout(() => this.#watch(), LOOK);
  }

  async #lookAround() {
    const before = this.#changes,
      shown = this.#items[0];
    /** @type {Api.Sample} */
    const now = await api(this.path, { signal: this.signal });
    if (before !== this.#changes) return;
    this.#take(now);
    if (this.#stage() === "judging") await this.#renew(shown, before);
    if (before === this.#changes) this.#show();
  }

  // The item that is being looked at stays, as long as nobody else has judged it.
  /** @param {Api.SampleItem | undefined} shown @param {number} before */
  async #renew(shown, before) {
    const [items, others] = [this.#items, this.#others];
    await this.#claim();
    if (before !== this.#changes) [this.#items, this.#others] = [items, others];
    else if (shown && this.#items.some((item) => item.place === shown.place))
      this.#items = [shown, ...this.#items.filter((item) => item.place !== shown.place)];
  }
}
