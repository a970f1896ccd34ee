// Who changed what: the audit table, newest first, a page at a time.
import { api } from "../api.js";
import { add, h, put } from "../dom.js";
import { t, when, WORDS, language } from "../i18n.js";
import { attempt } from "../messages.js";

const PAGE = 20;

// `project` is the one that is open; who manages only that one sees its rows.
export function auditList({ project, signal }) {
  const rows = h("ol", { class: "audit" }),
    pages = h("div", { class: "bar" }),
    root = h("div", {}, rows, pages);
  const cursors = [null]; // where each page begins, up to the one that is shown
  let only = "";

  async function load() {
    const before = cursors.at(-1),
      asked = before ? `&before=${before}` : "";
    try {
      return await api(`/audit?limit=${PAGE}${only}${asked}`, { signal });
    } catch (error) {
      if (error.code !== "forbidden" || only || !project) throw error;
      only = `&project=${project.id}`;
      return await load();
    }
  }

  async function show() {
    try {
      const { entries, next } = await load();
      put(rows, entries.map(line));
      rows.hidden = !entries.length;
      put(
        pages,
        !entries.length && h("p", { class: "muted" }, t("setup.auditNone")),
        cursors.length > 1 && turn("newer", () => cursors.pop()),
        next && turn("older", () => cursors.push(next)),
      );
    } catch (error) {
      if (error.code !== "forbidden") throw error;
      put(root, h("p", { class: "muted" }, t("setup.auditForbidden")));
    }
  }

  const turn = (word, step) =>
    h(
      "button",
      {
        type: "button",
        id: `audit-${word}`,
        onclick: (event) =>
          attempt(async () => {
            step();
            await show();
            root.scrollIntoView({ block: "nearest" });
          }, event.currentTarget),
      },
      t(`setup.${word}`),
    );

  attempt(show);
  return root;
}

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

const who = (one) =>
  one.verified ? one.who : t({ service: "setup.whoService", "": "setup.whoNobody" }[one.who] ?? "setup.whoNobody");

const refused = (code) => WORDS.problems[language][code] ?? t("setup.refused", { code: code.replaceAll("_", " ") });
