// The leak report of an export: how many frames are near training frames, and the worst beside what they are near to.
import { h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { cropInto } from "../pictures.js";

/** @param {Api.LeakReport | null | undefined} found */
export function leaksOf(found) {
  if (!found) return null;
  const { leaking, checked, gap, cosine, without_vector: unseen } = found;
  const counts = { n: checked, leaking: number(leaking), checked: number(checked) };
  const text = t(leaking ? "export.leaks" : "export.noLeaks", counts);
  const details = h(
    "details",
    { class: leaking ? "leaks bad" : "leaks muted" },
    h("summary", {}, text),
    h("p", { class: "muted" }, t("export.leakRule", { gap, cosine })),
    unseen > 0 && h("p", { class: "muted" }, t("export.leakUnseen", { n: unseen, unseen: number(unseen) })),
  );
  const open = () => details.open && !details.querySelector("ol") && details.append(h("ol", {}, found.worst.map(pair)));
  details.addEventListener("toggle", open); // pictures are fetched when they are looked at
  return details;
}

/** @param {Api.LeakPair} one */
function pair({ task, shown, split, file_name: name, seconds, cosine, leaks }) {
  const picture = (/** @type {number} */ id, /** @type {string} */ alt) => {
    const image = h("img", { alt: `${alt}, ${t("common.task", { task: id })}` });
    cropInto(image, id, [0, 0, 1, 1]);
    return image;
  };
  const said = [
    seconds !== null && t("export.leakSeconds", { seconds: number(seconds, 1) }),
    cosine !== null && t("export.leakCosine", { cosine: percent(cosine) }),
  ];
  return h(
    "li",
    { class: leaks ? "bad" : "" },
    h("p", {}, h("strong", {}, `${split} · ${name}`), " ", said.filter(Boolean).join(", ")),
    h("div", { class: "pair" }, picture(task, split), shown !== null && picture(shown, "train")),
  );
}
