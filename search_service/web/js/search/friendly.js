// What stands where no hits do: before the first search, when nothing was found, and when there is no answer.
import { h, icon, prose } from "../dom.js";
import { t } from "../i18n.js";
import { linkTo } from "../router.js";

const MOST = 12; // labels

/** @typedef {{ project: Api.Project, text: string, chooseLabel: (label: string) => unknown }} Asked `text` was asked for */

// The project's labels as buttons: words that are worth a search.
/** @param {Asked} asked */
const labelButtons = ({ project, text, chooseLabel }) => {
  const labels = project.labels.filter((label) => label !== text).slice(0, MOST);
  const button = (/** @type {string} */ label) =>
    h("button", { type: "button", onclick: () => chooseLabel(label) }, label);
  return h("div", { class: "bar" }, labels.map(button));
};

// To look at images without a word for them; `now` is how they are looked at.
/** @param {Ask["browse"]} now @param {(order: Ask["browse"]) => unknown} choose */
export function browsing(now, choose) {
  /** @type {(order: "time" | "varied" | "rare" | "clusters", key: string) => HTMLElement} */
  const button = (order, key) => {
    const pressed = now ? String(now === order || (order === "clusters" && now.startsWith("cluster-"))) : null;
    const attributes = { type: "button", id: `browse-${order}`, title: t(`search.${key}Help`), "aria-pressed": pressed };
    return h("button", { ...attributes, onclick: () => choose(order) }, t(`search.${key}`));
  };
  return h("div", { class: "bar browse" }, h("span", { class: "muted" }, t("search.browse")), button("time", "byTime"), button("varied", "varied"), button("rare", "rare"), button("clusters", "clusters"));
}

/** @param {Api.Project} project */
const toLabelStudio = ({ label_studio: href }) =>
  h("a", { class: "button", href, target: "_blank", rel: "noopener" }, t("common.labelStudio"), icon("link"));

/** @param {Child[]} content */
const friendly = (...content) => h("div", { class: "friendly" }, content);

/** @param {Asked} asked @param {(order: Ask["browse"]) => unknown} browse */
export const welcome = (asked, browse) =>
  asked.project.sync.seen
    ? friendly(h("h2", {}, t("search.welcome")), h("p", {}, t("search.welcomeHint")), labelButtons(asked), browsing("", browse))
    : friendly(
        h("h2", {}, t("search.noImages")),
        h("p", {}, t("search.noImagesHint")),
        toLabelStudio(asked.project),
      );

// A question that cannot be answered: why, and what can be done instead.
/** @param {import("../api.js").Problem} problem @param {Asked} asked */
export function noAnswer(problem, asked) {
  const ready = problem.code !== "not_ready";
  const instead = h(
    "div",
    { class: "bar" },
    h("a", { class: "button", href: linkTo({ screen: "setup" }) }, t("common.setup")),
    !asked.project.missing_since && toLabelStudio(asked.project),
  );
  return friendly(
    h("h2", {}, t(ready ? "search.noAnswer" : "search.notReady")),
    h("p", {}, prose(problem.message)),
    Boolean(problem.body.details?.waiting) && h("p", { class: "muted" }, t("search.again")),
    ready ? labelButtons(asked) : instead,
  );
}

// Above the closest images, when none of them is what was looked for; or alone, when the filters leave none.
/** @param {number} total @param {Asked} asked */
export const nothingFound = (total, asked) => [
  h("h2", {}, t(total ? "search.nothingLike" : "search.nothingPasses", { name: asked.text || t("search.thisImage") })),
  h("p", {}, t(total ? "search.nothingHint" : "search.nothingPassesHint")),
  labelButtons(asked),
];
