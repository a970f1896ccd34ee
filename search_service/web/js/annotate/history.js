// The project's runs, each with its settings and its errors.
import { h } from "../dom.js";
import { number, some, t, when } from "../i18n.js";
import { actionButton } from "../messages.js";

/** @type {Record<string, string>} */
const SOURCES = {
  search: "annotate.sourceSearch",
  view: "annotate.sourceView",
  tasks: "annotate.sourceTasks",
  all: "annotate.sourceAll",
  unlabelled: "annotate.sourceUnlabelled",
  retrieve: "annotate.sourceRetrieve",
  cli: "annotate.sourceCli",
};

/** @param {Pick<Api.Run, "state">} run */
export const going = ({ state }) => state === "queued" || state === "running";

/** @param {Pick<Api.Run, "state">} run */
export const stateName = ({ state }) => t(`annotate.state_${state}`);

// A run in the list; `open(id)` shows it above.
/** @param {Api.Run} run @param {(id: number) => unknown} open */
export function runRow(run, open) {
  const name = t("annotate.run", { id: run.id, labels: some(run.labels) });
  const progress = { done: number(run.done), n: run.requested, all: number(run.requested) };
  return h(
    "li",
    {},
    h(
      "details",
      {},
      h(
        "summary",
        {},
        h("span", { class: `state ${run.state}` }, stateName(run)),
        h("span", { class: "names", title: run.labels.join(", ") }, some(run.labels)),
        t("annotate.progressShort", progress),
        run.failed > 0 && h("span", { class: "bad" }, t("annotate.failed", { failed: number(run.failed) })),
        h("span", { class: "muted" }, when(run.created_at)),
      ),
      h(
        "dl",
        {},
        facts(run).map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]),
      ),
      actionButton(name, () => open(run.id), { class: "quiet" }),
    ),
  );
}

/** @param {Api.Run} run */
function facts({ model_version, settings, errors }) {
  const recipe = settings.recipe?.concepts ?? settings.recipe?.labels;
  const concepts = Array.isArray(recipe) ? recipe : [];
  return [
    [t("annotate.version"), model_version],
    [t("annotate.from"), sourceText(settings)],
    ...concepts.map(({ label, prompts = [], threshold }) => [
      label,
      `${prompts.join(", ")} · ≥ ${number(threshold ?? 0, 2)}`,
    ]),
    ...errors.map(({ tasks = 1, message }) => [t("annotate.error", { n: tasks, count: number(tasks) }), message]),
  ];
}

/** @param {Api.Run["settings"]} settings */
function sourceText({ source = "", query = "", view = "" }) {
  return Object.hasOwn(SOURCES, source) ? t(SOURCES[source], { query, view }) : source;
}
