// The keys of the search screen: "/" goes to the box, B shows boxes, Ctrl-A selects what is shown, Escape nothing.
import { around } from "../dom.js";

/**
 * @typedef {Pick<ScreenContext, "selection"> & { question: import("./question.js").Question }} Asking
 * @param {KeyboardEvent} event
 * @param {Asking & { results: import("./results.js").Results }} screen
 */
export function onSearchKey(event, { question, results, selection }) {
  if (around(event, "input:not([type=checkbox]), select, textarea, dialog")) return;
  if (event.key === "/") {
    event.preventDefault();
    question.query.focus();
    question.query.select();
  }
  if (event.key === "b" && !event.ctrlKey && !event.metaKey && !event.altKey) results.boxes.toggle();
  if (event.key === "a" && (event.ctrlKey || event.metaKey) && results.grid.hits.length) {
    event.preventDefault();
    results.selectShown();
  }
  if (event.key === "Escape" && selection.size) selection.replace([]);
}
