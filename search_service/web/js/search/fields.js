// The fields of the filters: each has what the address holds as its value.
import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * @template {HTMLElement} [Element=HTMLInputElement | HTMLSelectElement]
 * @typedef {{ field: Element, read: () => string, write: (value: string) => void }} Field
 */

/** @param {[string, string]} option its value and its text */
const option = ([value, text]) => h("option", { value }, text);

/** @type {(field: HTMLSelectElement, options: [string, string][]) => void} */
export const fillChoice = (field, options) =>
  field.replaceChildren(option(["", t("search.any")]), ...options.map(option));

/** @type {(name: string, options: [string, string][]) => Field<HTMLSelectElement>} */
export function choice(name, options) {
  const field = h("select", { id: `filter-${name}`, name });
  fillChoice(field, options);
  /** @param {string} value */
  const write = (value) => {
    field.value = value;
    if (field.value || !value) return;
    field.append(h("option", { value }, value)); // not known (yet): what is asked for is shown all the same
    field.value = value;
  };
  return { field, read: () => field.value, write };
}

/** @type {(name: string) => Field} */
export function seconds(name) {
  const field = h("input", { id: `filter-${name}`, name, type: "number", min: "0", step: "0.1", inputmode: "decimal" });
  return { field, read: () => field.value, write: (value) => void (field.value = value) };
}

// A moment of the world, which the address holds as ISO 8601 (without a zone: UTC), on the person's own clock. What it
// was given comes back as it was, unless the person changed it.
/** @type {(name: string) => Field} */
export function moment(name) {
  const field = h("input", { id: `filter-${name}`, name, type: "datetime-local" });
  let given = "",
    shown = "";
  const read = () => (field.value === shown ? given : field.value && new Date(field.value).toISOString());
  /** @param {string} text */
  const write = (text) => {
    if (text === read()) return; // somebody may be typing
    field.value = onOwnClock(text);
    [given, shown] = [text, field.value];
  };
  return { field, read, write };
}

// What a field of a date and a time shows of a moment; nothing of what is none.
/** @param {string} text */
export function onOwnClock(text) {
  const at = new Date(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
