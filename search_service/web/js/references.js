// "Label everything like this": regions that a label is looked for by, instead of its words.
import { api, Problem, show } from "./api.js";
import { h, icon, put } from "./dom.js";
import { number, t } from "./i18n.js";
import { actionButton, ask, notice } from "./messages.js";

/** @typedef {{ object: number } | { task: number, box: number[] }} Region `box`: x0, y0, x1, y1 as fractions */

// Ask which label it is, and let that be looked for by these regions. Resolves to whether it is.
/** @param {Api.Project} project @param {Region[]} regions @param {string} [label] @returns {Promise<boolean>} */
export async function likeThis(project, regions, label) {
  const options = project.labels.map((one) => h("option", { value: one }, one));
  const select = h("select", { class: "like-label", "aria-label": t("like.label") }, options);
  if (label && project.labels.includes(label)) select.value = label;
  const counted = { n: regions.length, count: number(regions.length) };
  const fields = [h("p", { class: "muted" }, t("like.note")), h("p", {}, select)];
  if (!regions.length || !(await ask(t("like.ask", counted), { yes: t("like.yes") }, ...fields))) return false;
  const { value } = select;
  for (const region of regions) {
    const json = { label: value, ...("object" in region ? region : { task: region.task, box: percent(region.box) }) };
    const send = (/** @type {boolean} */ end) =>
      api(`/projects/${project.id}/references`, { json: { ...json, end_samples: end } });
    if (!(await although(send))) return false;
  }
  notice(t("like.added", { ...counted, label: value }));
  return true;
}

/** @param {number[]} box */
const percent = ([x0, y0, x1, y1]) => [x0, y0, x1 - x0, y1 - y0].map((value) => 100 * value);

// Do it; where open samples end by it, only once a person said so. Resolves to what is answered, or null.
/** @param {(end: boolean) => Promise<Api.References>} send */
async function although(send) {
  try {
    return await send(false);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "conflict" || !error.body.details?.samples) throw error;
    return (await ask(t("like.endsSamples"), { danger: true })) ? send(true) : null;
  }
}

// The pictures of a label's references, each of which can be removed; `changed(now)` follows.
/** @param {{ path: string, of: Api.LabelReferences, changed: (now: Api.LabelReferences) => unknown }} given */
export function referencePictures({ path, of, changed }) {
  const root = h("div", { class: "references", role: "group", "aria-label": t("like.references", { label: of.label }) });
  /** @param {Api.LabelReferences} now */
  const draw = (now) => {
    root.hidden = !now.references.length;
    const pictures = now.references.map(({ id, task }) => {
      const image = h("img", { alt: t("like.ofTask", { task }) });
      show(image, `${path}/references/${id}/picture`);
      const name = t("like.remove", { task });
      const attributes = { class: "quiet", title: name, "aria-label": name };
      return h("span", { class: "reference" }, image, actionButton(icon("close"), () => remove(id), attributes));
    });
    put(root, pictures, h("p", { class: "muted" }, t("like.by")));
  };
  const remove = async (/** @type {number} */ id) => {
    const send = (/** @type {boolean} */ end) =>
      api(`${path}/references/${id}${end ? "?end_samples=true" : ""}`, { method: "DELETE" });
    const found = await although(send);
    const now = found?.labels.find((one) => one.label === of.label);
    if (!now) return;
    draw(now);
    notice(t("like.removed"));
    await changed(now);
  };
  draw(of);
  return root;
}
