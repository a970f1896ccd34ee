// The connected projects: how far each is embedded, and what can be done with it.
import { api } from "../api.js";
import { h, inPlace, prose } from "../dom.js";
import { duration, number, t, when } from "../i18n.js";
import { actionButton, ask, notice } from "../messages.js";
import { go, linkTo } from "../router.js";
import { table } from "./parts.js";

// `changed()` is called after something was done to one, `disconnected()` after one is no longer connected.
/**
 * @param {Api.Status} status
 * @param {{ changed: () => Promise<unknown>, disconnected: () => Promise<unknown> }} after
 * @returns {Child[]}
 */
export const projectTable = ({ projects, search_model: model }, after) => [
  table(
    [t("setup.project"), t("setup.images"), ""],
    projects.map((one) => [
      toProject(one),
      embedding(one),
      one.connected ? tools(one, after) : h("span", { class: "muted" }, t("setup.notConnected")),
    ]),
    t("setup.noProjects"),
  ),
  h("p", { class: "muted" }, model ? t("setup.model", model) : t("setup.noModel")),
];

/** @param {Api.ProjectStatus} one */
function toProject({ id, title }) {
  const to = { project: id, screen: "home" };
  return h("a", { href: linkTo(to), onclick: inPlace(() => go(to)) }, `${id} · ${title}`);
}

/** @param {Api.ProjectStatus} one */
function embedding(one) {
  const text = t("setup.embedded", { embedded: number(one.embedded), seen: number(one.seen) });
  const waiting = () =>
    t("setup.underWay", {
      fetched: number(one.fetched),
      waiting: number(one.waiting),
      age: duration(one.oldest_waiting_seconds),
    });
  return h(
    "div",
    { class: "embedding" },
    h("progress", { max: String(Math.max(one.seen, 1)), value: String(one.embedded), "aria-label": text }),
    h("span", {}, text),
    one.waiting > 0 && h("span", { class: "muted" }, waiting()),
    one.missing_since && h("span", { class: "bad" }, t("setup.missing", { since: when(one.missing_since) })),
    one.failed > 0 && h("span", { class: "bad" }, t("setup.failedImages", { n: one.failed })),
    one.warnings.map((text) => h("span", { class: "bad" }, prose(text))),
  );
}

/** @param {Api.ProjectStatus} one @param {Parameters<typeof projectTable>[1]} after */
function tools({ id, title, failed }, { changed, disconnected }) {
  const post = (/** @type {string} */ verb) => api(`/projects/${id}/${verb}`, { method: "POST" });
  const sync = async () => {
    notice(t("setup.synced", await post("sync")));
    await changed();
  };
  const retry = async () => {
    notice(t("setup.retried", { n: (await post("retry")).retried }));
    await changed();
  };
  const disconnect = async () => {
    const options = { yes: t("setup.disconnect"), danger: true };
    if (!(await ask(t("setup.disconnectSure", { title }), options))) return;
    await post("disconnect");
    document.dispatchEvent(new Event("argus:projects"));
    await disconnected();
  };
  return h(
    "div",
    { class: "bar tight" },
    actionButton(t("setup.sync"), sync, { class: "quiet" }),
    failed > 0 && actionButton(t("setup.retry"), retry, { class: "quiet" }),
    actionButton(t("setup.disconnect"), disconnect, { class: "quiet" }),
  );
}
