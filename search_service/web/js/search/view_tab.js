// A view of Label Studio, made and opened in a tab beside the page.
import { api } from "../api.js";
import { t } from "../i18n.js";
import { notice } from "../messages.js";

/** @param {string} base the project's address @param {unknown} json what `POST …/views` takes */
export async function openView(base, json) {
  const tab = window.open("about:blank"); // opened by the click itself, or the browser would block it
  try {
    const made = await api(`${base}/views`, { json });
    if (tab) {
      tab.opener = null;
      tab.location.href = made.url;
    }
    notice(t("search.viewMade", { n: made.tasks }));
  } catch (error) {
    tab?.close();
    throw error;
  }
}
