// Find images by text, by images, by what they are not; choose some; open them as a view or have them annotated.
import { api, Problem, picture } from "../api.js";
import { add, h, icon, prose } from "../dom.js";
import { number, short, t } from "../i18n.js";
import { attempt, notice } from "../messages.js";
import { cropInto } from "../pictures.js";
import { change, fromNames, go, linkTo, params as address } from "../router.js";
import { askFrom, find, fromKept, isEmpty, readFile, textOf, toParams } from "../search/ask.js";
import { makeFilters } from "../search/filters.js";
import { makeGrid } from "../search/grid.js";
import { takeImages } from "../search/intake.js";
import { makeMemory } from "../search/memory.js";
import { makePreview } from "../search/preview.js";
import { suggestions } from "../search/suggest.js";
import { nameKey } from "../typed.js";

const FIRST = 100; // hits: enough for a large screen at once …
const NEXT = 200; // … and the others while the person looks
const MOST = 2000; // that "all likely" reads
const PAGE = 1000; // hits in an answer, when all are to be selected
const SHOWN = {
  noise: () => true,
  maybe: (hit) => hit.relevance !== "noise",
  likely: (hit) => hit.relevance === "likely",
};

export function open({ root, project, selection, params, signal }) {
  const base = `/projects/${project.id}`;
  const state = {
    ask: askFrom(params),
    offset: 0,
    end: 0,
    loads: 0,
    busy: null,
    last: null,
  };
  const memory = makeMemory({ base, signal });

  // --- the question
  const query = h("input", {
    id: "query",
    type: "search",
    autocomplete: "off",
    maxlength: "1000",
    enterkeyhint: "search",
    placeholder: t("search.placeholder"),
    "aria-label": t("search.what"),
  });
  const { list, again } = suggestions(query, (text) => [
    {
      title: t("search.saved"),
      icon: "star",
      items: memory.saved
        .filter((one) => nameKey(one.name).includes(text))
        .map((one) => ({
          text: one.name,
          choose: () => ask(fromKept(one.ask)),
          forget: () => memory.forgetSaved(one),
        })),
    },
    {
      title: t("search.recent"),
      icon: "clock",
      items: memory.recent
        .filter((one) => nameKey(one.query).includes(text))
        .slice(0, 8)
        .map((one) => ({
          text: one.query,
          choose: () => ask(fromKept(one.ask ?? { text: one.query })),
          forget: () => memory.forget(one),
        })),
    },
    {
      title: t("search.labels"),
      icon: "search",
      items: project.labels
        .filter((label) => nameKey(label).includes(text))
        .slice(0, 8)
        .map((label) => ({ text: label, choose: () => ask({ ...state.ask, text: label }) })),
    },
  ]);
  const upload = h("input", { id: "upload", type: "file", accept: "image/*", class: "visually-hidden" });
  const filters = makeFilters({ project, signal, changed: (chosen) => ask({ ...state.ask, filters: chosen }) });
  const chips = h("div", { class: "chips" });
  const saveButton = h(
    "button",
    { id: "save", type: "button", "aria-label": t("search.save"), title: t("search.save"), disabled: true },
    icon("star"),
  );
  saveButton.addEventListener("click", () => attempt(() => memory.save(state.ask)));
  const form = h(
    "form",
    { id: "search", role: "search" },
    h("div", { class: "query" }, query, list),
    h("button", { class: "primary" }, icon("search"), t("search.go")),
    h("label", { class: "button" }, icon("image"), h("span", {}, t("search.byImage")), upload),
    filters.toggle,
    saveButton,
  );

  // --- the answer
  const button = (id, text, act, cls = "") =>
    h("button", { id, type: "button", class: cls, onclick: (event) => attempt(act, event.currentTarget) }, text);
  const summary = h("span", { id: "summary", role: "status" }),
    chosen = h("span", { id: "chosen", role: "status" });
  const shown = h(
    "select",
    { id: "shown", "aria-label": t("search.show") },
    Object.keys(SHOWN).map((band) => h("option", { value: band }, t(`search.show_${band}`))),
  );
  const showAs = (band) => {
    shown.value = Object.hasOwn(SHOWN, band) ? band : "noise";
  };
  showAs(params.show);
  const toAnnotate = button(
    "to-annotate",
    [icon("annotate"), t("search.annotate")],
    () => go({ screen: "annotate", labels: asksFor() }),
    "primary",
  );
  const view = button("view", [icon("view"), t("search.view")], openView);
  const friendly = h("div", { class: "friendly", hidden: true });
  const grid = makeGrid({ selection, signal, acts: { open: (hit) => preview.show(hit.task), like, unlike, judge } });
  const sentinel = h("div", { class: "sentinel", "aria-hidden": "true" });
  const bar = h(
    "div",
    { class: "bar results-bar" },
    summary,
    shown,
    h("span", { class: "grow" }),
    chosen,
    button("likely", t("search.allLikely"), allLikely),
    button("all", "", () => selection.set(grid.order().map((hit) => hit.task))),
    button("every", "", selectEvery),
    button("none", t("search.none"), () => selection.replace([])),
    view,
    toAnnotate,
  );
  const results = h("section", { hidden: true, "aria-label": t("search.results") }, bar, friendly, grid.root, sentinel);
  const start = h("section", { class: "start" });
  root.dataset.drop = t("search.drop");
  add(root, h("h1", { class: "visually-hidden" }, t("search.title")), form, filters.form, chips, start, results);
  const preview = makePreview({
    project,
    selection,
    order: grid.order,
    signal,
    more: load,
    acts: {
      like,
      unlike,
      judge,
      moved: (task, left) => {
        change({ task }, { quiet: true, push: task !== null && !address().task });
        if (!task && left) grid.reach(left);
      },
    },
  });

  // Ask something new: the address changes, and the page follows it.
  function ask(next) {
    state.ask = next;
    change(toParams(next), { push: true, quiet: true });
    return attempt(search);
  }

  // The labels that the words name: who looked for fans does not have to say again what is to be annotated.
  function asksFor() {
    const words = ` ${nameKey(state.ask.text)} `;
    const named = project.labels.filter((label) => words.includes(` ${nameKey(label)} `));
    return named.length ? fromNames(named) : null;
  }

  function like({ task }, box = null) {
    return ask({ ...state.ask, file: null, text: "", like: [box ? { task, box } : { task }], unlike: [] });
  }
  function unlike({ task }, box = null) {
    const example = box ? { task, box } : { task };
    const others = state.ask.unlike.filter((one) => textOf(one) !== textOf(example));
    return ask({ ...state.ask, unlike: [...others, example] });
  }

  async function search() {
    showAsk();
    if (isEmpty(state.ask)) {
      results.hidden = true;
      showStart();
      return;
    }
    start.replaceChildren();
    grid.clear();
    forgetChoice();
    Object.assign(state, { offset: 0, end: 0, last: null, busy: null });
    grid.root.classList.toggle("no-text", !state.ask.text.trim());
    results.setAttribute("aria-busy", "true");
    try {
      await load();
    } catch (error) {
      if (error instanceof Problem) showNoAnswer(error);
      throw error;
    } finally {
      results.removeAttribute("aria-busy");
    }
    memory.load().catch(() => {});
    memory.loadJudged(state.ask.text).then(
      () => showJudged(grid.hits),
      () => {},
    );
  }

  // The choice belongs to what was asked: coming back to the same question finds it again.
  function forgetChoice() {
    const key = `argus-asked-${project.id}`,
      asked = JSON.stringify({ ...state.ask, file: state.ask.file?.name });
    if (sessionStorage.getItem(key) !== asked) selection.replace([]);
    sessionStorage.setItem(key, asked);
  }

  // One page after the other; a second call while one is under way waits for that one. A new search waits for none.
  function load() {
    if (state.last && state.offset >= state.end) return Promise.resolve();
    if (!state.busy) {
      const mine = page().finally(() => {
        if (state.busy === mine) state.busy = null;
      });
      state.busy = mine;
    }
    return state.busy;
  }

  async function page() {
    const mine = ++state.loads,
      asked = state.ask;
    const found = await find(base, asked, state.offset ? NEXT : FIRST, state.offset, signal);
    if (mine !== state.loads || asked !== state.ask || signal.aborted) return;
    const began = performance.now();
    state.offset += found.hits.length;
    state.end = found.hits.length ? Math.min(found.window, found.total) : state.offset;
    state.last = found;
    results.hidden = false;
    grid.add(found.hits);
    showJudged(found.hits);
    showSummary();
    requestAnimationFrame(() =>
      setTimeout(() => performance.measure("argus-paint", { start: began, end: performance.now() })),
    );
  }

  function showSummary() {
    const found = state.last,
      likely = grid.hits.filter((hit) => hit.relevance === "likely").length;
    const judged = grid.hits.some((hit) => hit.relevance),
      some = state.offset < state.end ? "+" : "";
    summary.textContent = [
      t("search.ranked", { n: found.total, total: number(found.total) }),
      judged &&
        (likely
          ? t("search.likelyCount", { n: `${number(likely)}${grid.hits.at(-1).relevance === "likely" ? some : ""}` })
          : t("search.noneLikely")),
      !found.exact && t("search.approximate"),
      found.waiting > 0 && t("search.waiting", { n: found.waiting }),
      found.unread?.length > 0 && t("search.unread", { text: short(found.unread[0]) }),
    ]
      .filter(Boolean)
      .join(" · ");
    const nothing = found.nothing_found ?? (judged && grid.hits.every((hit) => hit.relevance === "noise"));
    friendly.hidden = !(nothing || !found.total);
    if (!friendly.hidden) {
      friendly.replaceChildren(
        h(
          "h2",
          {},
          t(found.total ? "search.nothingLike" : "search.nothingPasses", {
            name: state.ask.text || t("search.thisImage"),
          }),
        ),
        h("p", {}, t(found.total ? "search.nothingHint" : "search.nothingPassesHint")),
        labelButtons(),
      );
    }
    shown.hidden = bar.querySelector("#likely").hidden = !judged; // likelihood is computed for words alone
    filterShown();
    showChosen();
  }

  // Hits that were not judged are all shown: nothing stands there to choose by.
  function filterShown() {
    const band = shown.hidden ? "noise" : shown.value,
      all = bar.querySelector("#all"),
      every = bar.querySelector("#every");
    grid.show(SHOWN[band]);
    const here = grid.order().length;
    all.textContent = t(here < state.end ? "search.allShown" : "search.all", { n: here, count: number(here) });
    every.hidden = band !== "noise" || here >= state.end;
    every.textContent = t("search.all", { n: state.end, count: number(state.end) });
  }

  function showChosen() {
    chosen.textContent = selection.size
      ? t("search.chosenCount", { n: selection.size, count: number(selection.size) })
      : "";
    toAnnotate.disabled = view.disabled = !selection.size;
    bar.classList.toggle("some", selection.size > 0);
  }

  const labelButtons = () =>
    h(
      "div",
      { class: "bar" },
      project.labels
        .filter((label) => label !== state.ask.text)
        .slice(0, 12)
        .map((label) =>
          h(
            "button",
            { type: "button", onclick: () => ask({ ...state.ask, text: label, like: [], unlike: [], file: null }) },
            label,
          ),
        ),
    );

  function showStart() {
    const { sync } = project;
    start.replaceChildren(
      h(
        "div",
        { class: "friendly" },
        h("h2", {}, t(sync.seen ? "search.welcome" : "search.noImages")),
        h("p", {}, t(sync.seen ? "search.welcomeHint" : "search.noImagesHint", { project: project.id })),
        sync.seen
          ? labelButtons()
          : h(
              "a",
              { class: "button", href: project.label_studio, target: "_blank", rel: "noopener" },
              t("common.labelStudio"),
              icon("link"),
            ),
      ),
    );
  }

  // A question that cannot be answered: why, and what can be done instead.
  function showNoAnswer(problem) {
    results.hidden = true;
    const ready = problem.code !== "not_ready";
    start.replaceChildren(
      h(
        "div",
        { class: "friendly" },
        h("h2", {}, t(ready ? "search.noAnswer" : "search.notReady")),
        h("p", {}, prose(problem.message)),
        ready
          ? labelButtons()
          : h(
              "div",
              { class: "bar" },
              h("a", { class: "button", href: linkTo({ screen: "setup" }) }, t("common.setup")),
              !project.missing_since &&
                h(
                  "a",
                  { class: "button", href: project.label_studio, target: "_blank", rel: "noopener" },
                  t("common.labelStudio"),
                  icon("link"),
                ),
            ),
      ),
    );
  }

  // Chips: the parts of the question that do not stand in the box.
  function showAsk() {
    const { ask: asked } = state;
    query.value = asked.text;
    saveButton.disabled = isEmpty(asked) || asked.file !== null;
    filters.show(asked.filters);
    const chip = (sign, text, image, without) =>
      h(
        "span",
        { class: "chip" },
        image,
        icon(sign),
        text,
        h(
          "button",
          { type: "button", class: "quiet", "aria-label": t("search.without", { text }), onclick: () => ask(without) },
          icon("close"),
        ),
      );
    const small = ({ task, box }) => {
      const made = h("img", { alt: "", width: 44, height: 28 });
      if (box) cropInto(made, task, box, 160);
      else picture(made, task, 160);
      return made;
    };
    const example = (key, names, one) =>
      chip(key, t(`search.${names[one.box ? 1 : 0]}`, { task: one.task }), small(one), {
        ...asked,
        [key]: asked[key].filter((other) => other !== one),
      });
    chips.replaceChildren(
      ...asked.like.map((one) => example("like", ["like", "likePart"], one)),
      ...asked.unlike.map((one) => example("unlike", ["notLike", "notLikePart"], one)),
      ...(asked.file
        ? [
            chip("image", asked.file.name, h("img", { alt: "", src: asked.file.url, width: 44, height: 28 }), {
              ...asked,
              file: null,
            }),
          ]
        : []),
    );
  }

  // All that was ranked, not only what is loaded. An approximate answer ends where it can be paged to.
  async function selectEvery() {
    const asked = state.ask,
      tasks = [];
    let found = null;
    while (!found || (found.hits.length && tasks.length < Math.min(found.window, found.total))) {
      found = await find(base, asked, PAGE, tasks.length, signal, false);
      tasks.push(...found.hits.map((hit) => hit.task));
      if (asked !== state.ask) return;
    }
    selection.set(tasks);
  }

  async function allLikely() {
    while (state.offset < Math.min(state.end, MOST) && grid.hits.at(-1)?.relevance === "likely") await load();
    const likely = grid.hits.filter((hit) => hit.relevance === "likely").map((hit) => hit.task);
    if (!likely.length) throw new Problem(t("search.noneLikelyHere"));
    selection.replace(likely);
  }

  // The selection in the order of the hits, and behind them what was selected elsewhere: a small view keeps it.
  function bestFirst() {
    const hits = grid.hits.map((hit) => hit.task).filter((task) => selection.has(task)),
      known = new Set(hits);
    return [...hits, ...selection.list().filter((task) => !known.has(task))];
  }

  async function openView() {
    if (!selection.size) throw new Problem(t("search.chooseFirst"));
    const tab = window.open("about:blank"); // opened by the click itself, or the browser would block it
    try {
      const title = [state.ask.text, ...(chips.textContent ? [chips.textContent] : [])].join(" ").trim().slice(0, 200);
      const made = await api(`${base}/views`, { json: { title, task_ids: bestFirst() } });
      if (tab) {
        tab.opener = null;
        tab.location = made.url;
      }
      notice(t("search.viewMade", { n: made.tasks }));
    } catch (error) {
      tab?.close();
      throw error;
    }
  }

  async function judge(hit, relevant) {
    if (await memory.judge(state.ask.text, hit, relevant)) grid.judged(hit);
  }

  function showJudged(hits) {
    for (const hit of hits) {
      if (!memory.judged.has(hit.task)) continue;
      hit.judged = memory.judged.get(hit.task);
      grid.judged(hit);
    }
  }

  async function takeFile(file) {
    if (file?.type.startsWith("video/")) throw new Problem(t("search.videoFile", { project: project.id }));
    if (!file?.type.startsWith("image/")) throw new Problem(t("search.noImageFile"));
    const read = await readFile(file);
    await ask({ ...state.ask, text: "", like: [], unlike: [], file: read });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = query.value.trim();
    if (!text && !state.ask.like.length && !state.ask.file) {
      attempt(() => {
        throw new Problem(t("search.empty"));
      });
      return;
    }
    ask({ ...state.ask, text });
  });
  upload.addEventListener("change", () => {
    const [file] = upload.files;
    if (file) attempt(() => takeFile(file));
    upload.value = "";
  });
  takeImages({ root, signal, take: takeFile });
  window.addEventListener(
    "keydown",
    (event) => {
      // "/" goes to the box, Ctrl-A on the grid chooses what is shown
      if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
      if (event.key === "/") {
        event.preventDefault();
        query.focus();
        query.select();
      }
      if (event.key === "a" && (event.ctrlKey || event.metaKey) && grid.hits.length) {
        event.preventDefault();
        selection.set(grid.order().map((hit) => hit.task));
      }
      if (event.key === "Escape" && selection.size) selection.replace([]);
    },
    { signal },
  );
  shown.addEventListener("change", () => {
    change({ show: shown.value === "noise" ? null : shown.value }, { quiet: true });
    filterShown();
  });
  selection.addEventListener("change", showChosen, { signal });
  new IntersectionObserver(
    (seen) => {
      if (seen.some((one) => one.isIntersecting) && state.last) attempt(load);
    },
    { rootMargin: "1500px" },
  ).observe(sentinel);

  async function follow(next) {
    showAs(next.show);
    if (state.last) filterShown();
    const wanted = askFrom(next, state.ask.file);
    if (JSON.stringify({ ...wanted, file: null }) !== JSON.stringify({ ...state.ask, file: null })) {
      state.ask = { ...wanted, file: null };
      await search();
    }
    const task = Number(next.task) || null;
    if (task) {
      while (!grid.hits.some((hit) => hit.task === task) && state.offset < Math.min(state.end, MOST)) await load();
      preview.show(task);
    } else preview.close();
  }

  memory.load().then(again, () => {});
  attempt(async () => {
    await search();
    if (params.task) await follow(params);
  });
  if (!params.q && matchMedia("(pointer: fine)").matches) query.focus({ preventScroll: true });
  return { update: (next) => attempt(() => follow(next)) };
}
