// Find images by text, by an image, or by one of the hits; choose some; open them as a view or have them annotated.
import { api, Problem, picture } from "../api.js";
import { h, icon } from "../dom.js";
import { clock, number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { change, go } from "../router.js";

const PAGE = 100;

export async function open({ root, project, selection, params, signal }) {
  const base = `/projects/${project.id}`;
  const query = h("input", { id: "query", type: "search", autocomplete: "off", list: "history", maxlength: "1000",
    placeholder: t("search.placeholder"), "aria-label": t("search.what") });
  const history = h("datalist", { id: "history" });
  const upload = h("input", { id: "upload", type: "file", accept: "image/*", class: "visually-hidden" });
  const form = h("form", { id: "search", role: "search" }, query, history,
    h("button", { class: "primary" }, icon("search"), t("search.go")), h("label", { class: "button" }, icon("image"), t("search.byImage"), upload));
  const summary = h("span", { id: "summary", role: "status" });
  const button = (id, text, act, cls = "") => h("button", { id, type: "button", class: cls, onclick: (event) => attempt(act, event.currentTarget) }, text);
  const grid = h("ol", { id: "grid" });
  const more = button("more", t("search.more"), load);
  const results = h("section", { hidden: true }, h("div", { class: "bar" }, summary, h("span", { class: "grow" }),
    button("all", t("search.all"), () => select(true)), button("none", t("search.none"), () => select(false)),
    button("view", t("search.view"), openView), button("to-annotate", t("search.annotate"), () => go({ screen: "annotate" }), "primary")),
  grid, more);
  root.append(h("h1", { class: "visually-hidden" }, t("search.title")), form, results);

  const state = { ask: null, name: "", offset: 0, hits: new Map(), loads: 0 };

  async function begin(ask, name) {
    Object.assign(state, { ask, name, offset: 0, hits: new Map() });
    grid.replaceChildren();
    selection.replace([]);
    await load();
  }

  async function load() {
    const mine = ++state.loads, found = await state.ask(PAGE, state.offset);
    if (mine !== state.loads || signal.aborted) return;  // a newer search was started meanwhile
    state.offset += found.hits.length;
    for (const hit of found.hits) { state.hits.set(hit.task, hit); grid.append(card(hit)); }
    const likely = [...state.hits.values()].filter((hit) => hit.relevance === "likely").length;
    const judged = [...state.hits.values()].some((hit) => hit.relevance);
    summary.textContent = [t("search.hits", { n: state.hits.size, shown: number(state.hits.size), total: number(found.total), name: state.name }),
      judged && (likely ? t("search.likelyCount", { n: likely }) : t("search.noneLikely")), !found.exact && t("search.approximate"),
      found.waiting && t("search.waiting", { n: found.waiting })].filter(Boolean).join(" · ");
    results.hidden = false;
    more.hidden = state.offset >= found.window || !found.hits.length;
  }

  function card(hit) {
    const image = h("img", { loading: "lazy", alt: t("common.task", { task: hit.task }) });
    picture(image, hit.task, 320);
    const pick = h("input", { type: "checkbox", class: "pick", value: String(hit.task), "aria-label": t("search.select", { task: hit.task }),
      onchange: () => selection.set([hit.task], pick.checked) });
    const where = hit.video_time === null ? t("common.task", { task: hit.task }) : `${hit.video ?? ""} ${clock(hit.video_time)}`;
    const similar = h("button", { type: "button", onclick: () => attempt(() => begin(
      (limit, offset) => api(`${base}/tasks/${hit.task}/similar?limit=${limit}&offset=${offset}`, { signal }),
      t("search.like", { task: hit.task })), similar) }, t("search.similar"));
    return h("li", { class: "hit" }, image, pick, h("div", { class: "text" },
      h("span", { class: "score", title: t("search.similarity") }, hit.similarity.toFixed(3)),
      hit.relevance && h("span", { class: hit.relevance }, t(`search.${hit.relevance}`)),
      h("span", { class: "muted", title: t("common.task", { task: hit.task }) }, where), similar));
  }

  function select(on) {
    for (const box of grid.querySelectorAll(".pick")) box.checked = on;
    selection.replace(on ? state.hits.keys() : []);
  }

  async function openView() {
    if (!selection.size) throw new Problem(t("search.chooseFirst"));
    const tab = window.open("about:blank");  // opened by the click itself, or the browser would block it
    try {
      const made = await api(`${base}/views`, { json: { title: state.name, task_ids: selection.list() } });
      if (tab) { tab.opener = null; tab.location = made.url; }
    } catch (error) { tab?.close(); throw error; }
  }

  async function loadHistory() {
    const { searches } = await api(`${base}/searches`, { signal });
    history.replaceChildren(...searches.map((one) => h("option", { value: one.query })));
  }

  async function searchText(text) {
    query.value = text;
    if (!text.trim()) throw new Problem(t("search.empty"));
    await begin((limit, offset) => api(`${base}/search?${new URLSearchParams({ q: text, limit, offset })}`, { signal }), text);
    await loadHistory();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change({ q: query.value.trim() }, { quiet: true, push: true });
    attempt(() => searchText(query.value.trim()), event.submitter);
  });
  upload.addEventListener("change", () => attempt(async () => {
    const [file] = upload.files;
    if (file) await begin((limit, offset) => api(`${base}/search/image?limit=${limit}&offset=${offset}`, { method: "POST", body: file, signal }), file.name);
    upload.value = "";
  }));

  if (params.q) attempt(() => searchText(params.q)); else loadHistory().catch(() => {});
  return { update: (next) => { if (next.q) return attempt(() => searchText(next.q)); results.hidden = true; query.value = ""; return undefined; } };
}
