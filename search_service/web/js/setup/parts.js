// Small building blocks of the set-up screen.
import { h, icon, prose } from "../dom.js";
import { t } from "../i18n.js";

export function panel(name, ...content) {
  const id = `s-${name}`;
  return h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, t(`setup.${name}`)), content);
}

export function row(id, text, field) {
  return h("div", { class: "row" }, h("label", { for: id }, text), field);
}

// `state` is ok, problem or unknown: told by sign, colour and word.
export function check(state, name, text, fix = "") {
  const sign = h("span", { class: "sign" }, icon(state === "ok" ? "review" : "close"));
  sign.append(h("span", { class: "visually-hidden" }, t(`setup.${state}`)));
  const said = h("span", { class: "grow" }, prose(text), fix && h("span", { class: "fix" }, prose(fix)));
  return h("li", { class: state }, sign, h("strong", {}, name), said);
}

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

export function details(summary, ...content) {
  return h("details", {}, h("summary", {}, summary), content);
}
