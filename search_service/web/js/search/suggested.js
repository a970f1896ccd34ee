// What is suggested for typed text: saved searches, then the last ones, then the project's labels.
import { t } from "../i18n.js";
import { nameKey } from "../typed.js";
import { fromKept } from "./ask.js";

const MOST = 8; // of the last searches, and of the labels

/**
 * @typedef {{ text: string, choose: () => unknown, forget?: () => unknown }} Item
 * @typedef {{ title: string, icon: string, items: Item[] }} Group
 * @typedef {Pick<import("./memory.js").Memory, "saved" | "recent" | "forget" | "forgetSaved">} Remembered
 */

// `text` is what was typed, as `nameKey` has it. `choose` takes an ask, `chooseLabel` a label.
/**
 * @param {string} text
 * @param {{ memory: Remembered, labels: string[], choose: (ask: Ask) => unknown, chooseLabel: (label: string) => unknown }} given
 * @returns {Group[]}
 */
export function suggested(text, { memory, labels, choose, chooseLabel }) {
  const saved = memory.saved.filter((one) => nameKey(one.name).includes(text));
  const recent = memory.recent.filter((one) => nameKey(one.query).includes(text)).slice(0, MOST);
  const named = labels.filter((label) => nameKey(label).includes(text)).slice(0, MOST);
  return [
    {
      title: t("search.saved"),
      icon: "star",
      items: saved.map((one) => ({
        text: one.name,
        choose: () => choose(fromKept(one.ask)),
        forget: () => memory.forgetSaved(one),
      })),
    },
    {
      title: t("search.recent"),
      icon: "clock",
      items: recent.map((one) => ({
        text: one.query,
        choose: () => choose(fromKept(one.ask ?? { text: one.query })),
        forget: () => memory.forget(one),
      })),
    },
    {
      title: t("search.labels"),
      icon: "search",
      items: named.map((label) => ({ text: label, choose: () => chooseLabel(label) })),
    },
  ];
}
