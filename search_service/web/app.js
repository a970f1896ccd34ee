// The page: everything it shows comes from the REST API, and reaches the document as text, never as markup.
const $ = (id) => document.getElementById(id);
const state = { project: null, ask: null, offset: 0, hits: new Map(), run: null, poll: null, loads: 0 };

class Problem extends Error {}

function headers(extra = {}) {
  const token = sessionStorage.getItem("argus-token");
  return token ? { ...extra, Authorization: `Bearer ${token}` } : extra;
}

async function api(path, options = {}) {
  const json = options.json === undefined ? {} : { method: "POST", body: JSON.stringify(options.json) };
  const type = options.json === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(`/api/v1${path}`, { ...json, ...options, headers: headers(type) });
  if (answer.status === 401 && !options.again) {
    const token = prompt("This server asks for its API token.");
    if (token) { sessionStorage.setItem("argus-token", token); return api(path, { ...options, again: true }); }
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem([body.detail, body.hint].filter(Boolean).join(" ") || `The server answered ${answer.status}.`);
  return body;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function say(text) { $("message").textContent = text; $("message").hidden = !text; }

async function attempt(work, button) {
  say("");
  if (button) button.disabled = true;
  try { return await work(); }
  catch (error) { say(error instanceof Problem ? error.message : `The search service does not answer (${error.message}).`); }
  finally { if (button) button.disabled = false; }
}

async function picture(image, task, size) {
  const url = `/api/v1/images/${task}?size=${size}`;
  if (!sessionStorage.getItem("argus-token")) { image.src = url; return; }
  const answer = await fetch(url, { headers: headers() });  // an <img> cannot carry a token
  if (answer.ok) image.src = URL.createObjectURL(await answer.blob());
}

const clock = (seconds) => {
  const whole = Math.floor(seconds / 60), rest = (seconds % 60).toFixed(2).padStart(5, "0");
  return `${whole}:${rest}`;
};

const plural = (count, noun) => `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;

async function loadProjects() {
  const { projects } = await api("/projects");
  $("project").replaceChildren(...projects.map((p) => element("option", { value: p.id, textContent: `${p.id} · ${p.title}` })));
  if (!projects.length) return say("No project is connected yet. Connect one: argus connect");
  const wanted = new URLSearchParams(location.search).get("project");
  if (projects.some((p) => String(p.id) === wanted)) $("project").value = wanted;
  await openProject();
}

async function openProject() {
  const project = Number($("project").value);
  Object.assign(state, { project, ask: null, run: null, hits: new Map() });
  clearTimeout(state.poll);
  for (const id of ["results", "run", "review"]) $(id).hidden = true;
  history.replaceState(null, "", `?project=${project}`);
  const about = await api(`/projects/${project}`);
  $("label-studio").href = about.label_studio;
  $("label-studio").hidden = false;
  $("label").replaceChildren(...about.labels.map((name) => element("option", { value: name, textContent: name })));
  if (about.labels.length) $("label").selectedIndex = 0;
  $("label").size = Math.min(4, Math.max(1, about.labels.length));
  showSync(about.sync);
  await Promise.all([loadHistory(), loadReview(), adoptRun()]);
  follow(project);
}

function showSync(sync) {
  const parts = [`${sync.embedded.toLocaleString()} of ${plural(sync.seen, "image")} embedded`];
  if (sync.failed) parts.push(`${sync.failed} failed`);
  $("sync").textContent = parts.join(", ");
  $("sync").title = sync.errors.map((e) => `Task ${e.task}: ${e.message}`).join("\n");
}

function follow(project) {
  // One timer for everything that moves by itself; it stops with the project.
  state.poll = setTimeout(async () => {
    if (state.project !== project) return;
    try {
      showSync((await api(`/projects/${project}`)).sync);
      if (state.run) await showRun();
    } catch { /* the next round tries again */ }
    if (state.project === project) follow(project);
  }, state.run ? 1000 : 5000);
}

async function loadHistory() {
  const { searches } = await api(`/projects/${state.project}/searches`);
  $("history").replaceChildren(...searches.map((s) => element("option", { value: s.query })));
}

// `ask` gets a page of the current search, whatever kind it is.
async function start(ask, name) {
  Object.assign(state, { ask, name, offset: 0, hits: new Map() });
  $("grid").replaceChildren();
  await page();
}

async function page() {
  const load = ++state.loads, limit = Number($("limit").value);
  const found = await state.ask(limit, state.offset);
  if (load !== state.loads) return;  // a newer search was started meanwhile
  state.offset += found.hits.length;
  for (const hit of found.hits) { state.hits.set(hit.task, hit); $("grid").append(card(hit)); }
  const likely = [...state.hits.values()].filter((hit) => hit.relevance === "likely").length;
  const judged = [...state.hits.values()].some((hit) => hit.relevance);
  $("summary").textContent = [`${plural(state.hits.size, "hit")} of ${plural(found.total, "image")} for “${state.name}”`,
    judged ? (likely ? `${likely} likely` : "none of them likely") : "", found.exact ? "" : "approximate",
    found.waiting ? `${plural(found.waiting, "image")} not embedded yet` : ""].filter(Boolean).join(" · ");
  $("results").hidden = false;
  $("more").hidden = state.offset >= found.window || !found.hits.length;
}

function card(hit) {
  const image = element("img", { loading: "lazy", alt: `Task ${hit.task}` });
  picture(image, hit.task, 320);
  image.addEventListener("click", () => preview(hit));
  const pick = element("input", { type: "checkbox", className: "pick", checked: true, value: hit.task,
                                  ariaLabel: `Select task ${hit.task}` });
  const similar = element("button", { type: "button", textContent: "more like this" });
  similar.addEventListener("click", () => attempt(() => start(
    (limit, offset) => api(`/projects/${state.project}/tasks/${hit.task}/similar?limit=${limit}&offset=${offset}`),
    `like task ${hit.task}`), similar));
  const where = hit.video_time === null ? `task ${hit.task}` : `${hit.video ?? ""} ${clock(hit.video_time)}`;
  return element("li", { className: "hit" }, image, pick, element("div", { className: "text" },
    element("span", { className: "score", textContent: hit.similarity.toFixed(3), title: "cosine similarity" }),
    element("span", { className: hit.relevance, textContent: hit.relevance }),
    element("span", { className: "muted", textContent: where, title: `task ${hit.task}` }), similar));
}

function preview(hit) {
  const dialog = $("preview");
  picture(dialog.querySelector("img"), hit.task, 1600);
  dialog.querySelector("p").textContent = `Task ${hit.task} · similarity ${hit.similarity.toFixed(3)}`;
  dialog.showModal();
}

const selected = () => [...document.querySelectorAll(".pick:checked")].map((box) => Number(box.value));

function select(on) { for (const box of document.querySelectorAll(".pick")) box.checked = on; }

async function openView() {
  const tab = window.open("about:blank");  // opened by the click itself, or the browser would block it
  try {
    const made = await api(`/projects/${state.project}/views`, { json: { title: state.name, task_ids: selected() } });
    if (tab) { tab.opener = null; tab.location = made.url; }
  } catch (error) { tab?.close(); throw error; }
}

async function annotate() {
  const labels = [...$("label").selectedOptions].map((option) => option.value);
  if (!labels.length) throw new Problem("Choose a label first.");
  if (!selected().length) throw new Problem("Select at least one image first.");
  state.run = (await api(`/projects/${state.project}/runs`, { json: { labels, task_ids: selected() } })).id;
  await showRun();
  clearTimeout(state.poll);
  follow(state.project);
}

async function adoptRun() {
  const { runs } = await api(`/projects/${state.project}/runs`).catch(() => ({ runs: [] }));
  const active = runs.find((run) => run.state === "queued" || run.state === "running");
  if (active) { state.run = active.id; await showRun(); }
}

async function showRun() {
  const run = await api(`/runs/${state.run}`);
  $("run").hidden = false;
  $("run-name").textContent = `${run.id}: ${(run.labels ?? []).join(", ")}`;
  $("run-progress").max = run.requested || 1;
  $("run-progress").value = run.done + run.failed;
  const failed = run.failed ? `, ${run.failed} failed` : "";
  $("run-text").textContent = `${run.state}: ${run.done} of ${plural(run.requested, "task")} done${failed}`;
  const over = !["queued", "running"].includes(run.state);
  $("run-cancel").hidden = over;
  if (over) { state.run = null; await loadReview(); }
}

const BANDS = [["high", "sure"], ["medium", "look, then accept"], ["low", "fix by hand"], ["nothing_found", "nothing found"]];

async function loadReview() {
  const review = await api(`/projects/${state.project}/review`).catch(() => null);
  if (!review?.bands || !Object.values(review.bands).some(Boolean)) return;
  const views = (await api(`/projects/${state.project}/views`)).views.filter((view) => view.kind === "band");
  $("review").hidden = false;
  $("bands").replaceChildren(...BANDS.map(([name, meaning]) => band(name, meaning, review.bands[name] ?? 0,
    views.find((view) => view.query === name))));
}

function band(name, meaning, count, view) {
  const made = element("div", { className: "band" }, element("b", { textContent: count.toLocaleString() }), `${meaning} `);
  if (view) made.append(element("a", { href: view.url, target: "_blank", rel: "noopener", textContent: "open" }));
  if (name === "high" && count) {
    const button = element("button", { type: "button", className: "primary", textContent: "Accept all" });
    button.addEventListener("click", () => attempt(() => accept(), button));
    made.append(element("div", {}, button));
  }
  return made;
}

async function accept() {
  const { bands } = await api(`/projects/${state.project}`);
  if (!confirm(`Accept every prediction with a score of ${bands.high} and above?`)) return;
  const done = await api(`/projects/${state.project}/review/accept`, { json: { min_score: bands.high } });
  $("review-text").textContent = `Accepted ${plural(done.accepted_regions, "region")} on ${plural(done.accepted_tasks, "task")}.`;
  await loadReview();
}

async function searchText() {
  const query = $("query").value.trim();
  if (!query) throw new Problem("Type what should be seen.");
  await start((limit, offset) => api(`/projects/${state.project}/search?${new URLSearchParams({ q: query, limit, offset })}`), query);
  await loadHistory();
}

async function searchImage() {
  const [file] = $("upload").files;
  if (!file) return;
  await start((limit, offset) => api(`/projects/${state.project}/search/image?limit=${limit}&offset=${offset}`,
    { method: "POST", body: file }), file.name);
  $("upload").value = "";
}

$("search").addEventListener("submit", (event) => { event.preventDefault(); attempt(searchText, event.submitter); });
$("upload").addEventListener("change", () => attempt(searchImage));
$("project").addEventListener("change", () => attempt(openProject));
$("more").addEventListener("click", () => attempt(page, $("more")));
$("all").addEventListener("click", () => select(true));
$("none").addEventListener("click", () => select(false));
$("view").addEventListener("click", () => attempt(openView, $("view")));
$("annotate").addEventListener("click", () => attempt(annotate, $("annotate")));
$("run-cancel").addEventListener("click", () => attempt(() => api(`/runs/${state.run}/cancel`, { method: "POST" }), $("run-cancel")));
attempt(loadProjects);
