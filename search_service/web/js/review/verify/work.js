// What review took: actions always, minutes only where a control arm was timed; and the arm's share, to be chosen.
import { api } from "../../api.js";
import { h } from "../../dom.js";
import { number, t } from "../../i18n.js";
import { attempt } from "../../messages.js";

const SHARES = [0, 0.03, 0.05, 0.1];

/** @param {number} value */
const tenths = (value) => number(value, value < 10 ? 1 : 0);

// What is known, a sentence each.
/** @param {Api.Labour} labour @returns {string[]} */
export function workLines({ total, accepted_objects: objects, actions_per_object: each, arm }) {
  const said = [
    each === null
      ? t("work.actionsOnly", { n: total, total: number(total) })
      : t("work.actions", { total: number(total), done: total, n: objects, objects: number(objects), each: number(each, 2) }),
  ];
  if (!arm.share && !arm.drawn) return said;
  const counts = { w: number(arm.timed_with), o: number(arm.timed_without), least: number(arm.least) };
  const { ratio, low, high, seconds_without: seconds, minutes_saved: minutes } = arm;
  if (ratio === null || low === null || high === null || seconds === null || minutes === null)
    return [...said, t("work.timed", counts)];
  said.push(t("work.ratio", { ...counts, ratio: number(ratio, 2), low: number(low, 2), high: number(high, 2), seconds: tenths(seconds) }));
  if (low <= 1 && high >= 1) return [...said, t("work.noDifference")];
  return [...said, t(minutes > 0 ? "work.saved" : "work.lost", { minutes: tenths(Math.abs(minutes)) })];
}

// `open`: the address of Label Studio's view of what waits, where there is one; `changed`: the share was chosen.
/** @param {{ project: Api.Project, labour: Api.Labour, open: string | undefined, changed: () => unknown }} given */
export function workPanel({ project, labour, open, changed }) {
  const { share, waiting } = labour.arm;
  const choose = async (/** @type {number} */ chosen) => {
    await api(`/projects/${project.id}/trust/arm`, { method: "PUT", json: { share: chosen } });
    await changed();
  };
  const shares = [...new Set([...SHARES, share])].sort((a, b) => a - b);
  const option = (/** @type {number} */ one) => h("option", { value: one, selected: one === share }, one ? `${number(one * 100)} %` : t("work.off"));
  const select = h("select", { id: "arm-share" }, shares.map(option));
  select.addEventListener("change", () => attempt(() => choose(Number(select.value))));
  const link = open && h("a", { href: open, target: "_blank", rel: "noopener" }, t("work.open"));
  return h(
    "div",
    {},
    workLines(labour).map((line) => h("p", { class: "work-line" }, line)),
    waiting.length > 0 && h("p", { id: "arm-waiting" }, t("work.waiting", { n: waiting.length, count: number(waiting.length) }), " ", link || ""),
    h("label", { class: "field" }, t("work.share"), " ", select),
    h("p", { class: "muted" }, t("work.shareHint")),
  );
}
