// The run that is looked at, and the list of the project's runs with their settings and errors.
import { api } from "../api.js";
import { h } from "../dom.js";
import { number, some, t, when } from "../i18n.js";
import { attempt } from "../messages.js";
import { change, linkTo } from "../router.js";
import { followRun } from "./follow.js";

const going = (run) => ["queued", "running"].includes(run.state);
const stateName = (run) => t(`annotate.state_${run.state}`);

export function duration(seconds) {
  if (seconds < 90) return t("annotate.seconds", { n: Math.max(1, Math.round(seconds)) });
  return t("annotate.minutes", { n: Math.round(seconds / 60) });
}

export function runPanel({ project, signal, onend }) {
  const name = h("h2", {}),
    bar = h("progress", { max: "1", "aria-label": t("annotate.progressName") });
  const text = h("p", { id: "run-text", role: "status" }),
    errors = h("ul", { class: "errors" });
  const act = (verb, id) => {
    const button = h(
      "button",
      { id, type: "button", onclick: () => attempt(() => go(verb), button) },
      t(`annotate.${verb}`),
    );
    return button;
  };
  const buttons = {
    cancel: act("cancel", "run-cancel"),
    resume: act("resume", "run-resume"),
    retry: act("retry", "run-retry"),
  };
  const next = h(
    "a",
    { class: "button primary-link", hidden: true, href: linkTo({ screen: "review" }) },
    t("annotate.toReview"),
  );
  const root = h(
    "section",
    { class: "panel run", hidden: true },
    name,
    bar,
    text,
    errors,
    h("div", { class: "bar" }, Object.values(buttons), next),
  );
  const list = h("ul", { class: "runs" }),
    history = h("section", { class: "panel" }, h("h2", {}, t("annotate.runs")), list);
  let current = null,
    watch = null;

  async function go(verb) {
    show(await api(`/runs/${current}/${verb}`, { method: "POST" }));
    if (verb !== "cancel") follow(current);
    await refresh();
  }

  function show(run) {
    root.hidden = false;
    name.textContent = t("annotate.run", { id: run.id, labels: some(run.labels ?? []) });
    name.title = (run.labels ?? []).join(", ");
    bar.max = run.requested || 1;
    bar.value = run.done + run.failed + run.cancelled;
    const said = [
      t("annotate.progress", {
        state: stateName(run),
        done: number(run.done),
        n: run.requested,
        all: number(run.requested),
      }),
    ];
    if (run.failed) said.push(t("annotate.failed", { failed: number(run.failed) }));
    if (run.cancelled) said.push(t("annotate.cancelled", { n: number(run.cancelled) }));
    if (run.left_out?.objects)
      said.push(t("annotate.leftOut", { n: number(run.left_out.objects), tasks: number(run.left_out.tasks) }));
    if (going(run) && run.rate)
      said.push(t("annotate.rate", { rate: number(run.rate, run.rate < 10 ? 1 : 0) }));
    if (going(run) && run.seconds_left) said.push(t("annotate.left", { time: duration(run.seconds_left) }));
    text.textContent = said.join(" · ");
    errors.replaceChildren(
      ...run.errors
        .slice(0, 10)
        .map((error) =>
          h(
            "li",
            {},
            h(
              "a",
              { href: `${project.label_studio}?task=${error.task}`, target: "_blank", rel: "noopener" },
              t("common.task", { task: error.task }),
            ),
            ` ${error.message} ${error.hint ?? ""}`,
          ),
        ),
    );
    buttons.cancel.hidden = !going(run);
    buttons.resume.hidden = run.state !== "cancelled";
    buttons.retry.hidden = going(run) || !run.failed;
    next.hidden = going(run) || !run.done;
  }

  function follow(id) {
    watch?.abort();
    watch = new AbortController();
    signal.addEventListener("abort", () => watch.abort(), { once: true });
    const mine = watch.signal;
    let ended = false;
    followRun(
      id,
      (run) => {
        if (mine.aborted) return;
        show(run);
        if (!going(run) && !ended) {
          ended = true;
          attempt(refresh);
          onend(run);
        }
      },
      mine,
    );
  }

  async function open(id) {
    current = id;
    change({ run: id }, { quiet: true });
    show(await api(`/runs/${id}`, { signal }));
    follow(id);
  }

  async function refresh() {
    const { runs } = await api(`/projects/${project.id}/runs`, { signal });
    history.hidden = !runs.length;
    list.replaceChildren(...runs.map(row));
    return runs;
  }

  function row(run) {
    const open_ = h(
      "button",
      {
        type: "button",
        class: "quiet",
        onclick: () =>
          attempt(async () => {
            await open(run.id);
            root.scrollIntoView({ block: "nearest" });
          }, open_),
      },
      t("annotate.run", { id: run.id, labels: some(run.labels) }),
    );
    const recipe = run.settings.recipe?.concepts ?? run.settings.recipe?.labels ?? [];
    const facts = [
      [t("annotate.version"), run.model_version],
      [t("annotate.from"), sourceText(run.settings)],
      ...(Array.isArray(recipe) ? recipe : []).map((one) => [
        one.label,
        `${(one.prompts ?? []).join(", ")} · ≥ ${number(one.threshold ?? 0, 2)}`,
      ]),
      ...run.errors.map((error) => [
        t("annotate.error", { n: error.tasks ?? 1, count: number(error.tasks ?? 1) }),
        error.message,
      ]),
    ];
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
          t("annotate.progressShort", {
            done: number(run.done),
            n: run.requested,
            all: number(run.requested),
          }),
          run.failed ? h("span", { class: "bad" }, t("annotate.failed", { failed: number(run.failed) })) : "",
          h("span", { class: "muted" }, when(run.created_at)),
        ),
        h(
          "dl",
          {},
          facts.map(([term, text_]) => [h("dt", {}, term), h("dd", {}, text_)]),
        ),
        open_,
      ),
    );
  }

  async function adopt(id) {
    const runs = await refresh();
    const wanted = id || runs.find(going)?.id;
    if (wanted) await open(wanted);
  }

  return { root, history, open, adopt, refresh };
}

function sourceText(settings) {
  const { source } = settings;
  const known = {
    search: "annotate.sourceSearch",
    view: "annotate.sourceView",
    tasks: "annotate.sourceTasks",
    all: "annotate.sourceAll",
    unlabelled: "annotate.sourceUnlabelled",
    retrieve: "annotate.sourceRetrieve",
    cli: "annotate.sourceCli",
  }[source];
  return known ? t(known, { query: settings.query ?? "", view: settings.view ?? "" }) : String(source ?? "");
}
