// SAM 3 on many images: which images, which labels, a look at what it would find, and the run.
import { api, Problem } from "../api.js";
import { labelForm } from "../annotate/labels.js";
import { previewPanel } from "../annotate/preview.js";
import { duration, runPanel } from "../annotate/runs.js";
import { sourceForm } from "../annotate/source.js";
import { h } from "../dom.js";
import { number, short, some, t } from "../i18n.js";
import { ask, attempt } from "../messages.js";
import { change, toNames } from "../router.js";

const PAUSE = 500,
  WRITING = 200; // milliseconds without a change until the address follows

export async function open({ root, project, selection, params, signal }) {
  root.append(h("h1", {}, t("annotate.title")));
  if (!project.labels.length) {
    root.append(
      h(
        "div",
        { class: "panel empty" },
        h("p", {}, t("annotate.noLabels")),
        h(
          "a",
          {
            class: "button",
            target: "_blank",
            rel: "noopener",
            href: project.label_studio.replace(/\/data$/, "/settings/labeling"),
          },
          t("annotate.openConfig"),
        ),
      ),
    );
    return {};
  }
  const [sources, recipe] = await Promise.all([
    api(`/projects/${project.id}/sources`, { signal }),
    api(`/projects/${project.id}/recipe`, { signal }),
  ]);
  const cost = h("p", { id: "estimate", class: "muted", role: "status" });
  const start = h(
    "button",
    { id: "annotate", type: "button", class: "primary", onclick: () => attempt(run, start) },
    t("annotate.start"),
  );
  let timer = 0,
    writing = 0,
    preview = null;

  const source = sourceForm({ sources, selection, params, onchange: changed });
  const labels = labelForm({
    recipe,
    chosen: params.labels ? toNames(params.labels) : null,
    drafts: draftsIn(params.recipe),
    onchange: changed,
    onthreshold: () => {
      preview.redraw();
      remember();
    },
  });
  preview = previewPanel({ project, source, labels, signal, ondone: estimate });
  const runs = runPanel({ project, signal, onend: estimate });
  root.append(
    h(
      "div",
      { class: "columns" },
      h("div", {}, source.root, labels.root, h("div", { class: "panel go" }, cost, start)),
      h("div", {}, runs.root, preview.root, runs.history),
    ),
  );

  // A dragged threshold changes at every pixel, and a browser stops a page that writes its address too often.
  function remember() {
    clearTimeout(writing);
    writing = setTimeout(() => {
      if (!signal.aborted) change({ ...source.state(), ...labels.state() }, { quiet: true });
    }, WRITING);
  }

  function changed() {
    remember();
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!signal.aborted) estimate();
    }, PAUSE);
  }

  // An estimate is a help, not a condition: what is wrong is said when the run is started.
  async function estimate() {
    const body = request();
    if (!body) {
      cost.textContent = t(labels.labels().length ? "annotate.nothing" : "annotate.noLabel");
      return;
    }
    try {
      const found = await api(`/projects/${project.id}/runs/estimate`, { json: body, signal });
      cost.textContent =
        `${some(body.labels)}: ` +
        t(found.to_compute ? "annotate.estimate" : "annotate.estimateKnown", {
          n: found.tasks,
          tasks: number(found.tasks),
          compute: number(found.to_compute),
        }) +
        (found.seconds !== null && found.to_compute
          ? t("annotate.estimateTime", { time: duration(found.seconds), n: found.workers })
          : "") +
        (found.workers ? "" : t("annotate.estimateNoWorker")) +
        unread(found.unread);
      cost.title = body.labels.join(", ");
      cost.classList.toggle("bad", !found.workers);
    } catch (error) {
      if (error instanceof Problem) cost.textContent = error.message;
    }
  }

  // What the model does not read of prompts that are too long: of the first, and how many there are.
  function unread(prompts) {
    if (!prompts.length) return "";
    const { prompt, unread: end } = prompts[0],
      said = t(end ? "annotate.unread" : "annotate.unreadUnknown", { prompt: short(prompt, 24), unread: short(end ?? "", 24) });
    return ` ${said}${prompts.length > 1 ? ` (${t("annotate.unreadMore", { n: prompts.length - 1 })})` : ""}`;
  }

  function request() {
    const images = source.body(),
      chosen = labels.labels();
    return images && chosen.length ? { ...images, labels: chosen } : null;
  }

  async function run() {
    const body = request();
    if (!labels.labels().length) throw new Problem(t("annotate.noLabel"));
    if (!body) throw new Problem(t("annotate.nothing"));
    if (labels.changed().length && !(body.outdated = await keepRecipe())) return;
    body.outdated = body.outdated === "again";
    const made = await api(`/projects/${project.id}/runs`, { json: body });
    await runs.refresh();
    await runs.open(made.id);
    runs.root.scrollIntoView({ block: "nearest" });
  }

  // Changed prompts become the project's; that is asked with what follows from it. Returns "", "kept" or "again".
  async function keepRecipe() {
    const concepts = labels.changed();
    const told = await api(`/projects/${project.id}/recipe`, {
      method: "PUT",
      json: { concepts, dry_run: true },
    });
    const said = [t("annotate.keepRecipe", { labels: some(told.changed, 10) })];
    if (told.rebuilt) said.push(t("annotate.rebuilt", { n: told.rebuilt, count: number(told.rebuilt) }));
    if (told.again) said.push(t("annotate.again", { n: told.again, count: number(told.again) }));
    if (told.changed.length && !(await ask(said.join(" "), { yes: t("annotate.start") }))) return "";
    await api(`/projects/${project.id}/recipe`, { method: "PUT", json: { concepts } });
    labels.kept(concepts);
    remember();
    return told.again ? "again" : "kept";
  }

  await Promise.all([runs.adopt(Number(params.run) || null), estimate()]);
  return {};
}

// Prompts and thresholds that were changed and not kept yet, from the address: { label: { prompts?, threshold? } }.
function draftsIn(text) {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {}; // an address that somebody wrote by hand
  }
}
