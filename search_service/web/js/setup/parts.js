// Small building blocks of the set-up screen.
import { h, icon, prose } from "../dom.js";
import { t } from "../i18n.js";

/** @param {string} name @param {...Child} content */
export function panel(name, ...content) {
  const id = `s-${name}`;
  return h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, t(`setup.${name}`)), content);
}

/** @param {string} id @param {string} text @param {HTMLElement} field */
export function row(id, text, field) {
  return h("div", { class: "row" }, h("label", { for: id }, text), field);
}

// A state is told by sign, colour and word.
/** @param {Api.Finding["state"]} state @param {string} name @param {string} text */
export function check(state, name, text, fix = "") {
  const sign = h("span", { class: "sign" }, icon(state === "ok" ? "review" : "close"));
  sign.append(h("span", { class: "visually-hidden" }, t(`setup.${state}`)));
  const said = h("span", { class: "grow" }, prose(text), fix && h("span", { class: "fix" }, prose(fix)));
  return h("li", { class: state }, sign, h("strong", {}, name), said);
}

/** @param {string[]} heads @param {Child[][]} rows @param {string} empty what is said when there are none */
export function table(heads, rows, empty) {
  if (!rows.length) return h("p", { class: "muted" }, empty);
  const head = heads.map((text) => (text ? h("th", { scope: "col" }, text) : h("td", {})));
  const body = rows.map((cells) =>
    h(
      "tr",
      {},
      cells.map((cell) => h("td", {}, cell)),
    ),
  );
  const made = h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body));
  return h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": heads[0] }, made);
}

/** @param {string} summary @param {...Child} content */
export function details(summary, ...content) {
  return h("details", {}, h("summary", {}, summary), content);
}
