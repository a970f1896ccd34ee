// Annotations as files.
import { request } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "../messages.js";

export function open({ root, project }) {
  const format = h("select", { id: "format" }, h("option", {}, "coco"), h("option", {}, "yolo"));
  const start = h("button", { type: "button", class: "primary" }, t("export.start"));
  start.addEventListener("click", () => attempt(async () => {
    const answer = await request(`/projects/${project.id}/export`, { json: { format: format.value } });
    const link = h("a", { href: URL.createObjectURL(await answer.blob()), download: `project-${project.id}-${format.value}.zip` });
    link.click();
    URL.revokeObjectURL(link.href);
  }, start));
  root.append(h("h1", {}, t("export.title")), h("div", { class: "bar" },
    h("label", { class: "field" }, t("export.format"), " ", format), start));
}
