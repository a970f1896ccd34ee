// How far the project's review is: one bar of what was done in which way, and the rate.
import { h } from "../dom.js";
import { number, percent, t } from "../i18n.js";

const PARTS = ["accepted", "checked", "fixed", "skipped", "left"];

export function progressPanel() {
  const bar = h("div", { class: "stacked", role: "img", "aria-label": t("review.progressName") }),
    legend = h("ul", { class: "legend" }),
    line = h("p", { id: "review-progress" });
  const notes = h("ul", { class: "notes" });
  const root = h(
    "section",
    { class: "panel progress-panel", "aria-label": t("review.progressName") },
    line,
    bar,
    legend,
    notes,
  );

  function show(status) {
    const total = Math.max(1, status.total);
    bar.replaceChildren(
      ...PARTS.map((part) => {
        const piece = h("span", { class: part });
        piece.style.flexGrow = String(status[part]);
        piece.hidden = !status[part];
        return piece;
      }),
    );
    bar.setAttribute("aria-label", PARTS.map((part) => `${t(`review.${part}`)} ${status[part]}`).join(", "));
    legend.replaceChildren(
      ...PARTS.map((part) =>
        h("li", { class: part }, h("b", {}, number(status[part])), " ", t(`review.${part}`)),
      ),
    );
    const said = [
      t("review.reviewed", {
        done: number(status.reviewed),
        n: status.total,
        all: number(status.total),
        share: percent(status.reviewed / total),
      }),
    ];
    if (status.last_hour)
      said.push(t("review.rate", { n: status.last_hour, count: number(status.last_hour) }));
    if (status.last_hour && status.left)
      said.push(t("review.timeLeft", { minutes: number(Math.ceil((status.left / status.last_hour) * 60)) }));
    line.textContent = said.join(" · ");
    notes.replaceChildren(
      ...[
        status.unscored && t("review.unscored", { n: status.unscored, count: number(status.unscored) }),
        status.outdated && t("review.outdated", { n: status.outdated, count: number(status.outdated) }),
        status.added && t("review.added", { n: status.added, count: number(status.added) }),
      ]
        .filter(Boolean)
        .map((text) => h("li", {}, text)),
    );
  }

  return { root, show };
}
