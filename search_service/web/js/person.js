// Who one is: everything the page does goes along with one's own Label Studio token, once it is given. It stays in this
// tab; the server uses it and keeps nothing of it.
import { api, keepPerson, person, Problem } from "./api.js";
import { h, icon, put } from "./dom.js";
import { t } from "./i18n.js";
import { attempt } from "./messages.js";

// The button in the frame: who is signed in, and the way to sign in and out.
export function personButton(button) {
  const show = () => {
    const who = person();
    put(button, icon("person"), h("span", {}, who ? who.name : t("common.signIn")));
    button.title = who ? t("common.signedIn", { name: who.name }) : t("common.signInTitle");
    button.setAttribute("aria-label", button.title);
  };
  show();
  document.addEventListener("argus:person", show);
  button.addEventListener("click", () =>
    attempt(async () => {
      if ((await signIn(false)) !== null) location.reload(); // everything is asked for anew, by somebody else
    }, button),
  );
}

// Ask who one is until Label Studio knows the token. Resolves to what is kept then, as text ("" after signing out), or
// to null when the person changed their mind.
export async function signIn(wrong) {
  for (let said = wrong ? t("common.personWrong") : ""; ; ) {
    const token = await askToken(said);
    if (token === null) return null;
    if (!token) {
      keep(null);
      return "";
    }
    try {
      const { name } = await api("/people/me", { own: token });
      return keep({ token, name });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      said = error.message;
    }
  }
}

function keep(who) {
  keepPerson(who);
  document.dispatchEvent(new Event("argus:person"));
  return JSON.stringify(who);
}

// Resolves to the token, to "" for signing out, or to null.
function askToken(said) {
  return new Promise((resolve) => {
    const input = h("input", { id: "person-token", type: "password", autocomplete: "off" });
    const dialog = h(
      "dialog",
      { class: "ask", "aria-label": t("common.signInTitle") },
      said && h("p", { class: "bad", role: "alert" }, said),
      !said && person() && h("p", {}, h("strong", {}, t("common.signedIn", { name: person().name }))),
      h(
        "form",
        { method: "dialog" },
        h("label", { for: "person-token" }, t("common.personText")),
        input,
        person() && h("button", { type: "button", id: "sign-out", onclick: () => close("out") }, t("common.signOut")),
        h("span", { class: "grow" }),
        h("button", { type: "button", onclick: () => close("no") }, t("common.cancel")),
        h("button", { value: "yes", class: "primary" }, t("common.signIn")),
      ),
    );
    const close = (why) => dialog.close(why);
    dialog.addEventListener("close", () => {
      resolve({ yes: input.value.trim() || null, out: "" }[dialog.returnValue] ?? null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
