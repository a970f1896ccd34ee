// Who one is: everything the page does goes along with one's own Label Studio token, once it is given. It stays in this
// tab; the server uses it and keeps nothing of it.
import { api, keepPerson, person, Problem } from "./api.js";
import { h, icon, put } from "./dom.js";
import { t } from "./i18n.js";
import { attempt, closing, shown } from "./messages.js";

// The button in the frame: who is signed in, and the way to sign in and out.
/** @param {HTMLButtonElement} button */
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
/** @type {(wrong: boolean) => Promise<string | null>} */
export async function signIn(wrong) {
  for (let said = wrong ? t("common.personWrong") : ""; ;) {
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

/** @param {{ token: string, name: string } | null} who */
function keep(who) {
  keepPerson(who);
  document.dispatchEvent(new Event("argus:person"));
  return JSON.stringify(who);
}

// Resolves to the token, to "" for signing out, or to null.
/** @type {(said: string) => Promise<string | null>} */
async function askToken(said) {
  const who = person();
  const input = h("input", { id: "person-token", type: "password", autocomplete: "off" });
  const dialog = h(
    "dialog",
    { class: "ask", "aria-label": t("common.signInTitle") },
    said && h("p", { class: "bad", role: "alert" }, said),
    !said && who && h("p", {}, h("strong", {}, t("common.signedIn", { name: who.name }))),
    h(
      "form",
      { method: "dialog" },
      h("label", { for: "person-token" }, t("common.personText")),
      input,
      who && closing("out", t("common.signOut"), { id: "sign-out" }),
      h("span", { class: "grow" }),
      closing("no", t("common.cancel")),
      h("button", { value: "yes", class: "primary" }, t("common.signIn")),
    ),
  );
  const closed = shown(dialog);
  input.focus();
  const answer = await closed;
  if (answer === "out") return "";
  return answer === "yes" ? input.value.trim() || null : null;
}
