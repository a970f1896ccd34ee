// The parts of the question that do not stand in the box: images to be like or unlike, and an image that was dropped.
import { picture } from "../api.js";
import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { cropInto } from "../pictures.js";

// `choose(ask)` asks again, without the part whose button was pressed.
/** @param {Ask} ask @param {(ask: Ask) => unknown} choose */
export function chipsOf(ask, choose) {
  /** @type {(key: "like" | "unlike", one: Api.Example) => HTMLElement} */
  const example = (key, one) => {
    const names = { like: ["like", "likePart", "likeObject"], unlike: ["notLike", "notLikePart", "notLikeObject"] };
    const name = names[key][one.object ? 2 : one.box ? 1 : 0];
    const without = { ...ask, [key]: ask[key].filter((other) => other !== one) };
    const text = t(`search.${name}`, { task: one.task ?? "", object: one.object ?? "" });
    return chip(key, text, small(one), () => choose(without));
  };
  const { file } = ask;
  const dropped = file && h("img", { alt: "", src: file.url, width: 44, height: 28 });
  return [
    ...ask.like.map((one) => example("like", one)),
    ...ask.unlike.map((one) => example("unlike", one)),
    ...(dropped ? [chip("image", file.name, dropped, () => choose({ ...ask, file: null }))] : []),
  ];
}

/** @type {(sign: string, text: string, image: HTMLElement | null, remove: () => unknown) => HTMLElement} */
const chip = (sign, text, image, remove) =>
  h(
    "span",
    { class: "chip" },
    image,
    icon(sign),
    text,
    h(
      "button",
      { type: "button", class: "quiet", "aria-label": t("search.without", { text }), onclick: remove },
      icon("close"),
    ),
  );

/** @param {Api.Example} example */
function small({ task, box }) {
  if (!task) return null;
  const made = h("img", { alt: "", width: 44, height: 28 });
  if (box) cropInto(made, task, box, 160);
  else picture(made, task, 160);
  return made;
}
