// A task in large, with the objects that the grid shows of it.
import { picture } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "../messages.js";
import { drawObjects } from "../regions.js";

const THIS = "#2754d0";
const OTHERS = "#14703a";

export function look(desk, card, accept) {
  const { task } = card.object,
    image = h("img", { alt: t("common.task", { task }) }),
    layer = h("div", { class: "regions" });
  drawObjects(
    layer,
    desk.grid
      .ofTask(task)
      .filter((one) => one.object.box)
      .map((one) => ({ ...one.object, rings: null, shade: null, colour: one === card ? THIS : OTHERS })),
    desk.project.labels,
  );
  picture(image, task, 1600);
  const dialog = h(
    "dialog",
    { class: "look", "aria-label": t("common.task", { task }), onclose: close },
    h("div", { class: "stage" }, image, layer),
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
