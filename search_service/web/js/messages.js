// What the page says to the person: a problem stays until the next action, a notice goes away by itself.
import { Problem } from "./api.js";
import { h, prose } from "./dom.js";
import { t } from "./i18n.js";

const box = () => document.getElementById("message");
let fading = 0;

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

export const notice = (text) => say(text, "notice");

// Do something that may fail: the button is busy meanwhile, and what went wrong is said. Returns undefined then.
export async function attempt(work, button) {
  say("");
  if (button) {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  }
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    say(error instanceof Problem ? error.message : t("common.broken", { error: error.message }));
    if (!(error instanceof Problem)) console.error(error);
    return undefined;
  } finally {
    if (button) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }
}

// Ask before something that is hard to take back, or for something: ask(text, { yes, no, danger }, ...fields).
// Resolves to true or false; Escape is no, and so is yes while a field is not filled in.
export function ask(text, options = {}, ...fields) {
  const { yes = t("common.ok"), no = t("common.cancel"), danger = false } = options;
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "ask", "aria-label": text },
      h("p", {}, text),
      h(
        "form",
        { method: "dialog" },
        fields,
        h("button", { value: "no", type: "button", onclick: () => dialog.close("no") }, no),
        h("button", { value: "yes", class: danger ? "danger" : "primary", autofocus: !fields.length }, yes),
      ),
    );
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Ask for the API token; resolves to null when the person gives up.
export function askToken(wrong) {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", autocomplete: "current-password", required: true, id: "token" });
    const dialog = h(
      "dialog",
      { class: "ask", "aria-label": t("common.token") },
      h(
        "form",
        { method: "dialog" },
        h("label", { for: "token" }, t(wrong ? "common.tokenWrong" : "common.token")),
        input,
        h(
          "button",
          { value: "no", formnovalidate: true, type: "button", onclick: () => dialog.close("no") },
          t("common.cancel"),
        ),
        h("button", { value: "yes", class: "primary" }, t("common.ok")),
      ),
    );
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? input.value : null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
