// Work that ends while the person looks at something else: the tab's title says so, and so does a notification of the
// browser where it was asked for.
import { h } from "./dom.js";
import { t } from "./i18n.js";

const MARK = "✓ ";
/** @type {Set<string>} */
const underWay = new Set();

// Say how some work stands, each time that is known. `text` is told when it has ended since the last time.
/** @param {string} key of the work, such as "run 7" @param {boolean} going @param {string} text */
export function standing(key, going, text) {
  if (going) underWay.add(key);
  else if (underWay.delete(key)) ended(text);
}

/** @param {string} text */
function ended(text) {
  if (!document.hidden) return;
  if (!document.title.startsWith(MARK)) document.title = MARK + document.title;
  document.addEventListener("visibilitychange", unmark);
  if (permission() !== "granted") return;
  const told = new Notification("Argus", { body: text, tag: text });
  told.addEventListener("click", () => {
    window.focus();
    told.close();
  });
}

function unmark() {
  if (document.hidden) return;
  if (document.title.startsWith(MARK)) document.title = document.title.slice(MARK.length);
  document.removeEventListener("visibilitychange", unmark);
}

// Browsers without notifications, and pages that are not served over HTTPS or from this machine, have none to permit.
const permission = () => (globalThis.isSecureContext && "Notification" in globalThis ? Notification.permission : "denied");

// A button that asks the browser for notifications; `show(going)` puts it there while that makes sense.
export function noticeButton() {
  const root = h("button", { type: "button", class: "quiet", hidden: true }, t("common.notify"));
  let wanted = false;
  const show = (/** @type {boolean} */ going) => {
    wanted = going;
    root.hidden = !wanted || permission() !== "default";
  };
  root.addEventListener("click", async () => {
    await Notification.requestPermission();
    show(wanted);
  });
  return { root, show };
}
