// What is left in each band of scores, and accepting the sure ones.
import { api } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { ask, attempt } from "../messages.js";

const BANDS = ["high", "medium", "low", "nothing_found"];

export async function open({ root, project, signal }) {
  const bands = h("div", { id: "bands" }), text = h("p", { id: "review-text", role: "status" });
  root.append(h("h1", {}, t("review.title")), bands, text);

  async function show() {
    const review = await api(`/projects/${project.id}/review`, { signal });
    if (!Object.values(review.bands).some(Boolean)) text.textContent ||= t("review.none");
    const { views } = await api(`/projects/${project.id}/views`, { signal });
    bands.replaceChildren(...BANDS.map((name) => band(name, review.bands[name] ?? 0,
      views.find((view) => view.kind === "band" && view.query === name))));
  }

  function band(name, count, view) {
    const button = h("button", { type: "button", class: "primary", onclick: () => attempt(accept, button) }, t("review.accept"));
    return h("div", { class: "band" }, h("b", {}, number(count)), h("span", {}, t(`review.${name}`)),
      view && h("a", { href: view.url, target: "_blank", rel: "noopener" }, t("review.open")), name === "high" && count > 0 && button);
  }

  async function accept() {
    if (!await ask(t("review.confirm", { score: project.bands.high }))) return;
    const done = await api(`/projects/${project.id}/review/accept`, { json: { min_score: project.bands.high } });
    text.textContent = t("review.accepted", { regions: done.accepted_regions, tasks: done.accepted_tasks });
    await show();
  }

  await show();
}
