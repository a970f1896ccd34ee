// What was found, in a line above the grid.
import { number, short, t } from "../i18n.js";

/** @param {Api.Hit} hit */
export const isLikely = (hit) => hit.relevance === "likely";

// `hits` are loaded, `more` says that there are others behind them.
/** @param {Api.Found} found @param {Api.Hit[]} hits @param {boolean} more */
export function summaryOf(found, hits, more) {
  const likely = hits.filter(isLikely).length,
    judged = hits.some((hit) => hit.relevance);
  const open = more && hits.at(-1)?.relevance === "likely" ? "+" : "";
  return [
    t(found.order ? `search.${found.order}Order` : "search.ranked", { n: found.total, total: number(found.total) }),
    judged && (likely ? t("search.likelyCount", { n: `${number(likely)}${open}` }) : t("search.noneLikely")),
    !found.exact && t("search.approximate"),
    found.waiting > 0 && t("search.waiting", { n: found.waiting }),
    found.unread?.length && t("search.unread", { text: short(found.unread[0]) }),
  ]
    .filter(Boolean)
    .join(" · ");
}
