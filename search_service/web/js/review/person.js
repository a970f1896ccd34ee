// In whose name annotations are made. Label Studio stamps them with the owner of the token that asks, so a person may
// lend theirs: it stays in this tab, goes along with acceptances only, and the server keeps nothing of it.
import { api } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, notice } from "../messages.js";

const KEY = "argus-person";
const kept = () => JSON.parse(sessionStorage.getItem(KEY) ?? "null");

export const inMyName = () => (kept() ? { token: kept().token } : {});

export function personButton() {
  const button = h("button", {
    id: "person",
    type: "button",
    class: "quiet",
    onclick: () => attempt(choose, button),
  });
  const show = () => {
    button.textContent = kept() ? t("review.asPerson", { name: kept().name }) : t("review.asService");
  };

  async function choose() {
    const token = await askToken();
    if (token === null) return;
    if (token) {
      const { name } = await api("/people/me", { json: { token } }); // a token that is refused changes nothing
      sessionStorage.setItem(KEY, JSON.stringify({ token, name }));
      notice(t("review.nowPerson", { name }));
    } else sessionStorage.removeItem(KEY);
    show();
  }

  show();
  return button;
}

// Resolves to the token, to "" for nobody in particular, or to null when the person changed their mind.
function askToken() {
  return new Promise((resolve) => {
    const input = h("input", { id: "person-token", type: "password", autocomplete: "off" });
    const dialog = h(
      "dialog",
      { class: "ask", "aria-label": t("review.personTitle") },
      h(
        "form",
        { method: "dialog" },
        h("label", { for: "person-token" }, t("review.personText")),
        input,
        h("button", { value: "no", type: "button", onclick: () => dialog.close("no") }, t("common.cancel")),
        kept() ? h("button", { value: "nobody", type: "button", onclick: forget }, t("review.personNobody")) : "",
        h("button", { value: "yes", class: "primary" }, t("common.ok")),
      ),
    );
    function forget() {
      dialog.close("nobody");
    }
    dialog.addEventListener("close", () => {
      resolve({ yes: input.value.trim() || null, nobody: "" }[dialog.returnValue] ?? null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
