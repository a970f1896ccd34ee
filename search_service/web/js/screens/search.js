// Find images by text, by images, by what they are not; choose some; open them as a view or have them annotated.
import { Problem } from "../api.js";
import { add, h, put } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, say } from "../messages.js";
import { change, fromNames, go, params as address } from "../router.js";
import { FootagePanel } from "../footage/panel.js";
import { Again, waitingOf } from "../search/again.js";
import { Answer } from "../search/answer.js";
import { ClusterResults } from "../search/clusters.js";
import { askFrom, isEmpty, textOf, toParams } from "../search/ask.js";
import { browsing, noAnswer, welcome } from "../search/friendly.js";
import { onSearchKey } from "../search/keys.js";
import { Memory } from "../search/memory.js";
import { ObjectResults } from "../search/objects.js";
import { Preview } from "../search/preview.js";
import { Question } from "../search/question.js";
import { Results } from "../search/results.js";
import { nameKey } from "../typed.js";

/** @param {ScreenContext} context @returns {OpenedScreen} */
export function open(context) {
  const screen = new SearchScreen(context);
  screen.begin(context.params);
  return { update: (next) => attempt(() => screen.follow(next)) };
}

class SearchScreen {
  #answer = /** @type {Answer | null} */ (null);
  #browse = (/** @type {Ask["browse"]} */ order) => this.#choose({ ...this.ask, of: "", browse: order });

  /** @param {ScreenContext} context */
  constructor({ root, project, selection, params, signal }) {
    this.project = project;
    this.selection = selection;
    this.signal = signal;
    this.base = `/projects/${project.id}`;
    this.ask = askFrom(params);
    this.memory = new Memory({ base: this.base, signal });
    const choose = (/** @type {Ask} */ ask) => this.#choose(ask);
    this.question = new Question({
      ...{ root, project, memory: this.memory, current: () => this.ask, choose, signal },
      takeFootage: (files) => this.#takeFootage(files),
    });
    this.results = this.#makeResults();
    this.grid = this.results.grid;
    this.objects = new ObjectResults({ project, signal, choose });
    this.clusters = new ClusterResults({ project, signal, choose });
    this.preview = this.#makePreview();
    this.start = h("section", { class: "start" });
    const arrived = () =>
      this.footage.root.isConnected && this.start.firstElementChild?.replaceWith(welcome(this.#asked, this.#browse));
    this.footage = new FootagePanel({ project, signal, arrived });
    root.dataset.drop = t("search.drop");
    add(root, h("h1", { class: "visually-hidden" }, t("search.title")), this.question.parts, this.start);
    add(root, this.results.root, this.objects.root, this.clusters.root);
    this.again = new Again({ ask: () => this.#askAgain(), busy: () => this.#isBusy, signal });
    window.addEventListener("keydown", (event) => onSearchKey(event, this), { signal });
  }

  /** @param {Params} params */
  begin(params) {
    this.results.showAs(params);
    this.memory.load().then(
      () => this.question.suggestions.again(),
      () => {},
    );
    attempt(async () => {
      await this.#search();
      if (params.task) await this.follow(params);
    });
    if (!params.q && matchMedia("(pointer: fine)").matches) this.question.query.focus({ preventScroll: true });
  }

  // The address changed.
  /** @param {Params} next */
  async follow(next) {
    this.results.showAs(next);
    const wanted = { ...askFrom(next), file: null };
    if (JSON.stringify(wanted) !== JSON.stringify({ ...this.ask, file: null })) {
      this.ask = wanted;
      await this.#search();
    }
    const task = Number(next.task) || null;
    if (!task) {
      this.preview.close();
      return;
    }
    await this.#answer?.loadWhile(() => !this.grid.hits.some((hit) => hit.task === task));
    this.preview.show(task);
  }

  /** @returns {Results} */
  #makeResults() {
    return new Results({
      project: this.project,
      selection: this.selection,
      signal: this.signal,
      chooseLabel: (label) => this.#chooseLabel(label),
      onend: () => this.#answer?.found && attempt(() => this.#answer?.load()),
      acts: {
        open: (hit) => this.preview.show(hit.task),
        ...this.#hitActs(),
        title: () => this.question.title(),
        annotate: () => go({ screen: "annotate", labels: this.#asksFor() }),
      },
    });
  }

  /** @returns {Preview} */
  #makePreview() {
    return new Preview({
      project: this.project,
      selection: this.selection,
      signal: this.signal,
      order: () => this.grid.order,
      more: async () => this.#answer?.load(),
      acts: {
        ...this.#hitActs(),
        moved: (task, left) => {
          change({ task }, { quiet: true, push: task !== null && !address().task });
          if (!task && left) this.grid.reach(left);
        },
      },
    });
  }

  /** @returns {import("../search/card.js").HitActs} */
  #hitActs() {
    return {
      like: ({ task }, box) =>
        this.#choose({ ...this.ask, file: null, text: "", of: "", like: [exampleOf(task, box)], unlike: [] }),
      unlike: ({ task }, box) => {
        const example = exampleOf(task, box);
        const others = this.ask.unlike.filter((one) => textOf(one) !== textOf(example));
        return this.#choose({ ...this.ask, unlike: [...others, example] });
      },
      judge: async (hit, relevant) => {
        if (await this.memory.judge(this.ask.text, hit, relevant)) this.grid.judged(hit);
      },
    };
  }

  // Ask something new: the address changes, and the page follows it.
  /** @param {Ask} next */
  #choose(next) {
    this.ask = next;
    change(toParams(next), { push: true, quiet: true });
    return attempt(() => this.#search());
  }

  /** @param {string} label */
  #chooseLabel(label) {
    return this.#choose({ ...this.ask, text: label, like: [], unlike: [], file: null });
  }

  get #asked() {
    const { project, ask } = this;
    return { project, text: ask.text, chooseLabel: (/** @type {string} */ label) => this.#chooseLabel(label) };
  }

  // The labels that the words name: who looked for fans does not have to say again what is to be annotated.
  #asksFor() {
    const words = ` ${nameKey(this.ask.text)} `;
    const named = this.project.labels.filter((label) => words.includes(` ${nameKey(label)} `));
    return named.length ? fromNames(named) : null;
  }

  async #search() {
    const { ask, results } = this;
    this.again.stop();
    this.question.show(ask);
    this.#answer?.drop();
    this.objects.hide();
    this.clusters.hide();
    if (isEmpty(ask) && (!ask.browse || ask.of)) {
      this.#answer = null;
      results.root.hidden = true;
      this.start.replaceChildren(welcome(this.#asked, this.#browse), this.footage.root);
      return;
    }
    this.#sayNothing();
    if (this.#other) {
      this.#answer = null;
      results.root.hidden = true;
      await this.#answered(this.#other.show(ask));
      return;
    }
    this.#answer = this.#newAnswer();
    results.begin(this.#answer);
    this.#forgetChoice();
    results.root.setAttribute("aria-busy", "true");
    await this.#answered(this.#answer.load()).finally(() => results.root.removeAttribute("aria-busy"));
    this.memory.load().catch(() => {});
    this.memory.loadJudged(ask.text).then(
      () => this.#showJudged(this.grid.hits),
      () => {},
    );
  }

  // Videos, or several files: they are to be added to the project, not searched by.
  /** @param {File[]} files */
  async #takeFootage(files) {
    await this.#choose({ ...this.ask, file: null, text: "", of: "", like: [], unlike: [], browse: "" });
    this.footage.root.scrollIntoView({ block: "nearest" });
    await this.footage.take(files);
  }

  // Wait for an answer. When there is none, say why in its place; when it is not complete, ask again in a while.
  /** @param {Promise<number>} waiting */
  async #answered(waiting) {
    const { ask } = this;
    try {
      const n = await waiting;
      if (ask === this.ask) this.again.after(n || null);
    } catch (error) {
      if (error instanceof Problem) this.#showNoAnswer(error);
      if (ask === this.ask) this.again.after(waitingOf(error));
      throw error;
    }
  }

  // The same question once more: its answer takes the place of the old one when it is there.
  async #askAgain() {
    const { ask } = this,
      before = this.#answer,
      answer = this.#newAnswer(),
      nothing = this.results.root.hidden && this.objects.root.hidden,
      other = this.#other;
    if (!other) this.#answer = answer;
    try {
      const waiting = await (other ? other.reload(ask) : answer.load());
      if (nothing && ask === this.ask) this.#sayNothing();
      return waiting || null;
    } catch (error) {
      if (this.#answer === answer) this.#answer = before;
      if (waitingOf(error) === null) throw error;
      if (nothing && ask === this.ask) this.#showNoAnswer(/** @type {Problem} */ (error));
      return waitingOf(error);
    }
  }

  // What shows the answer where it is not a list of images.
  get #other() {
    if (this.ask.of === "objects") return this.objects;
    return isEmpty(this.ask) && this.ask.browse === "clusters" ? this.clusters : null;
  }

  // Whether the person works with the hits that are shown, which have to stay where they are then.
  get #isBusy() {
    if (document.hidden || document.querySelector("dialog[open]")) return true;
    return this.selection.size > 0 || window.scrollY > 200 || this.objects.list.contains(document.activeElement);
  }

  #newAnswer() {
    const onpage = (/** @type {Api.Found} */ found) => {
      if (found.hits.length === answer.offset) this.results.begin(answer); // the first page
      this.results.add(found);
      this.#showJudged(found.hits);
    };
    const answer = new Answer({ base: this.base, ask: this.ask, signal: this.signal, onpage });
    return answer;
  }

  /** @param {Problem} problem */
  #showNoAnswer(problem) {
    this.results.root.hidden = true;
    this.start.replaceChildren(noAnswer(problem, this.#asked));
  }

  // Nothing stands above the hits, but the orders to browse in where no question is asked.
  #sayNothing() {
    say("");
    put(this.start, isEmpty(this.ask) && browsing(this.ask.browse, this.#browse));
  }

  // The choice belongs to what was asked: coming back to the same question finds it again.
  #forgetChoice() {
    const key = `argus-asked-${this.project.id}`,
      asked = JSON.stringify({ ...this.ask, file: this.ask.file?.name });
    if (sessionStorage.getItem(key) !== asked) this.selection.replace([]);
    sessionStorage.setItem(key, asked);
  }

  /** @param {Api.Hit[]} hits */
  #showJudged(hits) {
    for (const hit of hits) {
      const said = this.memory.judged.get(hit.task);
      if (said === undefined) continue;
      hit.judged = said;
      this.grid.judged(hit);
    }
  }
}

/** @type {(task: number, box?: number[] | null) => Api.Example} */
const exampleOf = (task, box) => (box ? { task, box } : { task });
