// Who changed what: the audit table, newest first, a page at a time.
import { api, Problem } from "../api.js";
import { add, h, put } from "../dom.js";
import { t, when, WORDS, language } from "../i18n.js";
import { actionButton, attempt } from "../messages.js";

const PAGE = 20;

export class AuditList {
  #cursors = /** @type {(string | null)[]} */ ([null]); // where each page begins, up to the one that is shown
  #only = ""; // a project's rows

  // `project` is the one that is open; who manages only that one sees its rows.
  /** @param {{ project: Api.Project | null, signal: AbortSignal }} given */
  constructor({ project, signal }) {
    this.project = project;
    this.signal = signal;
    this.rows = h("ol", { class: "audit" });
    this.pages = h("div", { class: "bar" });
    this.root = h("div", {}, this.rows, this.pages);
    attempt(() => this.#show());
  }

  /** @returns {Promise<{ entries: Api.AuditEntry[], next: string | null }>} */
  async #load() {
    const before = this.#cursors.at(-1),
      asked = before ? `&before=${before}` : "";
    try {
      return await api(`/audit?limit=${PAGE}${this.#only}${asked}`, { signal: this.signal });
    } catch (error) {
      if (!isForbidden(error) || this.#only || !this.project) throw error;
      this.#only = `&project=${this.project.id}`;
      return await this.#load();
    }
  }

  async #show() {
    try {
      const { entries, next } = await this.#load();
      put(this.rows, entries.map(line));
      this.rows.hidden = !entries.length;
      put(
        this.pages,
        !entries.length && h("p", { class: "muted" }, t("setup.auditNone")),
        this.#cursors.length > 1 && this.#turn("newer", () => this.#cursors.pop()),
        next && this.#turn("older", () => this.#cursors.push(next)),
      );
    } catch (error) {
      if (!isForbidden(error)) throw error;
      put(this.root, h("p", { class: "muted" }, t("setup.auditForbidden")));
    }
  }

  /** @param {"newer" | "older"} word @param {() => unknown} step */
  #turn(word, step) {
    const act = async () => {
      step();
      await this.#show();
      this.root.scrollIntoView({ block: "nearest" });
    };
    return actionButton(t(`setup.${word}`), act, { id: `audit-${word}` });
  }
}

/** @param {unknown} error */
const isForbidden = (error) => error instanceof Problem && error.code === "forbidden";

/** @param {Api.AuditEntry} one */
function line(one) {
  const done = one.outcome === "done";
  const what = h("span", { class: "what" }, h("strong", {}, t(`setup.act_${one.action}`)));
  const where = [one.object, one.project && t("setup.inProject", { id: one.project })].filter(Boolean).join(" · ");
  add(what, where && h("span", { class: "muted" }, ` ${where}`));
  return h(
    "li",
    {},
    h("time", { datetime: one.at, class: "muted" }, when(one.at)),
    h("span", { class: "who" }, who(one), one.address && h("span", { class: "muted" }, ` ${one.address}`)),
    what,
    h("span", { class: done ? "likely" : "bad" }, done ? t("setup.outcomeDone") : refused(one.outcome)),
  );
}

/** @param {Api.AuditEntry} one */
const who = ({ verified, who: name }) =>
  verified ? name : t(name === "service" ? "setup.whoService" : "setup.whoNobody");

/** @param {string} code */
const refused = (code) =>
  String(WORDS.problems[language][code] ?? "") || t("setup.refused", { code: code.replaceAll("_", " ") });
