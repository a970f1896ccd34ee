// Connecting a project, and how the parts are.
import { h } from "../dom.js";
import { t } from "../i18n.js";

export function open({ root, project }) {
  root.append(h("h1", {}, t("setup.title")));
  if (!project) root.append(h("p", {}, t("setup.none")));
}
