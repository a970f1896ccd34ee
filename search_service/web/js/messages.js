// What the page says to the person: a problem stays until the next action, a notice goes away by itself.
import { isAbort, Problem } from "./api.js";
import { h, prose } from "./dom.js";
import { t } from "./i18n.js";

const box = () => /** @type {HTMLElement} */ (document.getElementById("message"));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let fading;

/** @param {string} text */
export function say(text, kind = "problem") {
  clearTimeout(fading);
  const place = box();
  place.hidden = !text;
  place.className = kind;
  place.setAttribute("role", kind === "problem" ? "alert" : "status");
  place.replaceChildren(
    h("span", {}, prose(text)),
    h("button", { type: "button", class: "quiet", "aria-label": t("common.close"), onclick: () => say("") }, "×"),
  );
  if (text && kind === "notice") fading = setTimeout(() => say(""), 6000);
}

/** @param {string} text */
export const notice = (text) => say(text, "notice");

// Do something that may fail: the button is busy meanwhile, and what went wrong is said. Returns undefined then.
/**
 * @template Done
 * @param {() => Done | Promise<Done>} work
 * @param {HTMLButtonElement | null} [button]
 */
export async function attempt(work, button) {
  say("");
  if (button) {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  }
  try {
    return await work();
  } catch (error) {
    if (!isAbort(error)) tell(error);
    return undefined;
  } finally {
    if (button) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }
}

/** @param {unknown} error */
function tell(error) {
  const text = error instanceof Error ? error.message : String(error);
  say(error instanceof Problem ? text : t("common.broken", { error: text }));
  if (!(error instanceof Problem)) console.error(error);
}

// A button that does something that may fail.
/** @type {(text: Child, work: () => unknown, attributes?: Attributes) => HTMLButtonElement} */
export const actionButton = (text, work, attributes = {}) =>
  h("button", { type: "button", ...attributes, onclick: (event) => attempt(work, event.currentTarget) }, text);

// Show a dialog, and take it away when it is closed; resolves to the value of the button that did it.
/** @type {(dialog: HTMLDialogElement) => Promise<string>} */
export function shown(dialog) {
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// A button that closes its dialog with a value, whatever is filled in.
/** @type {(value: string, text: Child, attributes?: Attributes) => HTMLButtonElement} */
export const closing = (value, text, attributes = {}) =>
  h(
    "button",
    { type: "button", ...attributes, onclick: (event) => event.currentTarget.closest("dialog")?.close(value) },
    text,
  );

// Ask before something that is hard to take back, or for something: ask(text, { yes, no, danger }, ...fields).
// Resolves to true or false; Escape is no, and so is yes while a field is not filled in.
/**
 * @param {string} text
 * @param {{ yes?: string, no?: string, danger?: boolean }} options
 * @param {...Child} fields
 * @returns {Promise<boolean>}
 */
export async function ask(text, options = {}, ...fields) {
  const { yes = t("common.ok"), no = t("common.cancel"), danger = false } = options;
  const answer = await shown(
    h(
      "dialog",
      { class: "ask", "aria-label": text },
      h("p", {}, text),
      h(
        "form",
        { method: "dialog" },
        fields,
        closing("no", no, { value: "no" }),
        h("button", { value: "yes", class: danger ? "danger" : "primary", autofocus: !fields.length }, yes),
      ),
    ),
  );
  return answer === "yes";
}

// Ask for the API token; resolves to null when the person gives up.
/** @type {(wrong: boolean) => Promise<string | null>} */
export async function askToken(wrong) {
  const input = h("input", { type: "password", autocomplete: "current-password", required: true, id: "token" });
  const answer = await shown(
    h(
      "dialog",
      { class: "ask", "aria-label": t("common.token") },
      h(
        "form",
        { method: "dialog" },
        h("label", { for: "token" }, t(wrong ? "common.tokenWrong" : "common.token")),
        input,
        closing("no", t("common.cancel"), { value: "no", formnovalidate: true }),
        h("button", { value: "yes", class: "primary" }, t("common.ok")),
      ),
    ),
  );
  return answer === "yes" ? input.value : null;
}
