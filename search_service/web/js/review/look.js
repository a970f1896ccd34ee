// A task in large, with the objects that the grid shows of it.
import { picture } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, shown } from "../messages.js";
import { drawObjects } from "../regions.js";

const THIS = "#2754d0";
const OTHERS = "#14703a";

// `accept`: null where it cannot be accepted.
/** @param {ReviewDesk} desk @param {import("./crop.js").Crop} card @param {((task: number) => unknown) | null} accept */
export async function look(desk, card, accept) {
  const { task } = card.object,
    name = t("common.task", { task }),
    image = h("img", { alt: name }),
    layer = h("div", { class: "regions" });
  drawObjects(
    layer,
    desk.grid.ofTask(task).flatMap((one) => drawn(one, one === card)),
    desk.project.labels,
  );
  picture(image, task, 1600);
  const link = { href: `${desk.project.label_studio}?task=${task}`, target: "_blank", rel: "noopener" };
  const answer = await shown(
    h(
      "dialog",
      { class: "look", "aria-label": name },
      h("div", { class: "stage" }, image, layer),
      h(
        "form",
        { method: "dialog", class: "bar" },
        h("span", {}, name),
        h("a", link, t("review.openTask")),
        h("span", { class: "grow" }),
        accept ? h("button", { value: "accept", class: "primary" }, t("review.acceptTask")) : "",
        h("button", { autofocus: true }, t("common.close")),
      ),
    ),
  );
  if (accept && answer === "accept") await attempt(() => accept(task));
}

/** @param {import("./crop.js").Crop} card @param {boolean} chosen @returns {import("../regions.js").Drawn[]} */
const drawn = ({ object: { label, score, box } }, chosen) =>
  box ? [{ label, score, box, colour: chosen ? THIS : OTHERS }] : [];
