// A task in large, with the objects that the grid shows of it.
import { picture } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { drawObjects } from "../pictures.js";

const THIS = "#2754d0";
const OTHERS = "#14703a";

export function look(desk, card, accept) {
  const { task } = card.object,
    image = h("img", { alt: t("common.task", { task }) }),
    canvas = h("canvas", { "aria-hidden": "true" });
  image.addEventListener("load", () =>
    drawObjects(
      canvas,
      image.naturalWidth,
      image.naturalHeight,
      desk.grid
        .ofTask(task)
        .filter((one) => one.object.box)
        .map((one) => ({
          box: one.object.box,
          colour: one === card ? THIS : OTHERS,
          text: `${one.object.label} ${number(one.object.score, 2)}`,
        })),
    ),
  );
  picture(image, task, 1600);
  const dialog = h(
    "dialog",
    { class: "look", "aria-label": t("common.task", { task }), onclose: close },
    h("div", { class: "stage" }, image, canvas),
    h(
      "form",
      { method: "dialog", class: "bar" },
      h("span", {}, t("common.task", { task })),
      h(
        "a",
        { href: `${desk.project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" },
        t("review.openTask"),
      ),
      h("span", { class: "grow" }),
      accept ? h("button", { value: "accept", class: "primary" }, t("review.acceptTask")) : "",
      h("button", { autofocus: true }, t("common.close")),
    ),
  );
  function close() {
    dialog.remove();
    if (dialog.returnValue === "accept") attempt(() => accept(task));
  }

  document.body.append(dialog);
  dialog.showModal();
}
