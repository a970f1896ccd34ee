// What a key asks of a picture that is edited.
import { ARROWS } from "./edges.js";

/**
 * @typedef {{ name: "nudge" } | { name: "remove" } | { name: "undo" } | { name: "save" } | { name: "label", label: string } | { name: "step", by: number }
 *   | { name: "tool", tool: "draw" | "click" }} Command
 * @typedef {Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "repeat">} Key
 */

/** @type {Record<string, Command>} */
const COMMANDS = {
  n: { name: "step", by: 1 },
  p: { name: "step", by: -1 },
  b: { name: "tool", tool: "draw" },
  s: { name: "tool", tool: "click" },
  z: { name: "undo" },
  Delete: { name: "remove" },
  Backspace: { name: "remove" },
  Enter: { name: "save" },
};

// Arrows move the selected object; Ctrl goes with them, and with Z as everywhere. A key that is held down saves nothing.
/** @param {Key} event @param {string[]} labels @returns {Command | null} */
export function commandOf({ key, ctrlKey, altKey, metaKey, repeat }, labels) {
  if (altKey || metaKey) return null;
  if (key in ARROWS) return { name: "nudge" };
  const command = COMMANDS[key.length === 1 ? key.toLowerCase() : key] ?? null;
  if (ctrlKey) return command?.name === "undo" ? command : null;
  const label = /^[1-9]$/.test(key) ? labels[Number(key) - 1] : undefined;
  if (label !== undefined) return { name: "label", label };
  return command?.name === "save" && repeat ? null : command;
}
