// The one thing to do next, as a button.
import { h, inPlace } from "../dom.js";
import { number, t } from "../i18n.js";
import { go, linkTo } from "../router.js";

// Where each step is done; a step that is done on this screen has none.
/** @type {(home: Api.Home) => Record<string, string | null> | null} */
export function targetOf({ next, next_band: band, under_way }) {
  const run = under_way.find(({ kind }) => kind === "run")?.id ?? null;
  /** @type {Record<string, Record<string, string | null>>} */
  const targets = {
    wait_embedding: { screen: "search", browse: "time" },
    watch_run: { screen: "annotate", run },
    annotate: { screen: "annotate", from: "all" },
    annotate_rest: { screen: "annotate", from: "unlabelled" },
    check_first: { screen: "review", band: "check_first" },
    accept: { screen: "review", band },
    review: { screen: "review", band },
    fix: { screen: "review", band },
    export: { screen: "export" },
  };
  return targets[next] ?? null;
}

// `addFiles()` asks for files.
/** @param {Api.Home} home @param {() => unknown} addFiles */
export function nextStep(home, addFiles) {
  const { next, next_count: n } = home,
    to = targetOf(home),
    act = t(`home.act_${next}`);
  const button = to
    ? h("a", { id: "next-step", class: "button primary", href: linkTo(to), onclick: inPlace(() => go(to)) }, act)
    : h("button", { id: "next-step", type: "button", class: "primary", onclick: addFiles }, act);
  const search = { screen: "search" }, browse = { screen: "search", browse: "varied" };
  const also = next === "annotate" && [
    h("a", { class: "button", href: linkTo(search), onclick: inPlace(() => go(search)) }, t("home.search")),
    h("a", { class: "button", href: linkTo(browse), onclick: inPlace(() => go(browse)) }, t("home.browse")),
  ];
  return [
    h("p", { class: "muted" }, t("home.next")),
    h("h2", { id: "h-next" }, t(`home.step_${next}`)),
    h("p", {}, t(`home.text_${next}`, { n, count: number(n) })),
    h("div", { class: "bar" }, button, also),
  ];
}
