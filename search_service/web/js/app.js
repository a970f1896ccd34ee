// The frame: which project, which screen. A screen is a module with `open(context)`:
//
//   open({ root, project, selection, params, signal }) → { update?(params) }
//
// `root` is empty and the screen's own; `project` is the API's description of it; `selection` the chosen tasks; `params`
// the address. `signal` is aborted when the screen closes: give it to requests, listeners and timers. `update` is called
// when the address changes within the screen; without it the screen is opened anew.
import { api, onTokensNeeded } from "./api.js";
import { h, icon, inPlace } from "./dom.js";
import { chooseLanguage, language, LANGUAGES, number, t, when } from "./i18n.js";
import { askToken, attempt, say } from "./messages.js";
import { personButton, signIn } from "./person.js";
import { useColours } from "./pictures.js";
import { change, go, linkTo, onRoute, params } from "./router.js";
import * as annotate from "./screens/annotate.js";
import * as exporting from "./screens/export.js";
import * as home from "./screens/home.js";
import * as review from "./screens/review.js";
import * as search from "./screens/search.js";
import * as setup from "./screens/setup.js";
import * as verify from "./screens/verify.js";
import { asksSearch } from "./search/ask.js";
import { Selection } from "./selection.js";
import { nextTheme, theme } from "./theme.js";

/** @type {Record<string, { open(context: ScreenContext): OpenedScreen | Promise<OpenedScreen> }>} */
const SCREENS = { home, search, annotate, review, verify, export: exporting, setup };
/** @type {Record<string, string>} */
const WITHIN = { verify: "review" }; // screens that are reached from another one, whose tab they show
// The chapter of the help about each screen.
/** @type {Record<string, string>} */
const HELP = {
  home: "home",
  search: "search",
  annotate: "auto-annotate",
  review: "review",
  verify: "verify-and-accept",
  export: "export",
  setup: "set-up-and-health",
};
const NEEDS_NO_PROJECT = new Set(["setup"]);
const POLL = 4000;
/** @param {string} id */
const $ = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const chooser = /** @type {HTMLSelectElement} */ ($("project"));
const languages = /** @type {HTMLSelectElement} */ ($("language"));
const labelStudio = /** @type {HTMLAnchorElement} */ ($("label-studio"));

const now = {
  project: /** @type {Api.Project | null} */ (null),
  selection: /** @type {Selection | null} */ (null),
  screen: "",
  opened: /** @type {OpenedScreen | null} */ (null),
  closer: /** @type {AbortController | null} */ (null),
};
let routes = 0; // how often the address was followed
/** @type {Map<string, Params>} */
const last = new Map(); // what each screen of this project showed: going back to it by its tab finds it again

function buildFrame() {
  $("skip").textContent = t("common.skip");
  $("nav").setAttribute("aria-label", t("common.screens"));
  $("nav").replaceChildren(
    ...Object.keys(SCREENS).filter((id) => !WITHIN[id]).map((id) => {
      const attributes = { id: `nav-${id}`, href: linkTo({ screen: id }), onclick: inPlace(() => turnTo(id)) };
      return h("a", attributes, icon(id), h("span", {}, t(`common.${id}`)));
    }),
  );
  $("project-label").textContent = t("common.project");
  chooser.setAttribute("aria-label", t("common.project"));
  labelStudio.replaceChildren(t("common.labelStudio"), icon("link"));
  languages.replaceChildren(
    ...Object.entries(LANGUAGES).map(([value, name]) =>
      h("option", { value, selected: value === language, lang: value }, name),
    ),
  );
  languages.setAttribute("aria-label", t("common.language"));
  $("help").title = t("common.help");
  $("help").setAttribute("aria-label", t("common.help"));
  personButton(/** @type {HTMLButtonElement} */ ($("person")));
  $("theme").replaceChildren(icon("sun"));
  showTheme();
}

/** @param {string} screen */
function turnTo(screen) {
  last.set(now.screen, params());
  go({ ...last.get(screen), task: null, screen });
}

function showTheme() {
  const text = t("common.theme", { theme: t(`common.${theme()}`) });
  $("theme").setAttribute("aria-label", text);
  $("theme").title = text;
}

async function loadProjects() {
  /** @type {{ projects: Api.Project[] }} */
  const { projects } = await api("/projects");
  const wanted = Number(params().project);
  chooser.replaceChildren(
    ...projects.map((p) => h("option", { value: String(p.id), selected: p.id === wanted }, nameOf(p))),
  );
  /** @type {HTMLElement} */ (chooser.parentElement).hidden = !projects.length;
  return projects;
}

// Its title is all that is left of a project that was deleted in Label Studio.
/** @param {Api.Project} project */
const nameOf = ({ id, title, missing_since }) => `${id} · ${title}${missing_since ? ` (${t("common.missing")})` : ""}`;

async function start() {
  const projects = await loadProjects();
  if (!projects.length) {
    change({ project: null, screen: "setup" });
    return;
  }
  const first = projects.find((p) => !p.missing_since) ?? projects[0];
  if (!projects.some((p) => String(p.id) === params().project)) change({ project: first.id }, { quiet: true });
  await route();
}

async function route() {
  const mine = ++routes;
  const asked = params();
  const screen = Object.hasOwn(SCREENS, asked.screen) ? asked.screen : asksSearch(asked) ? "search" : "home";
  const id = Number(asked.project) || null;
  if (id !== now.project?.id) {
    const project = id ? await api(`/projects/${id}`) : null;
    if (mine !== routes) return; // the person has gone on meanwhile
    now.project = project;
    useColours(project?.colours ?? {});
    now.selection = id ? new Selection(id) : null;
    now.screen = "";
    last.clear();
    if (id) chooser.value = String(id);
    showProject();
  }
  if (screen === now.screen && now.opened?.update) {
    await now.opened.update(asked);
    return;
  }
  await openScreen(now.project || NEEDS_NO_PROJECT.has(screen) ? screen : "setup", asked);
}

/** @param {string} screen @param {Params} asked */
async function openScreen(screen, asked) {
  now.closer?.abort();
  const closer = new AbortController();
  Object.assign(now, { screen, opened: null, closer });
  markTab(screen);
  document.title = `${t(`common.${screen}`)} · Argus`;
  Object.assign($("help"), { href: `/help/page.html#${HELP[screen]}`, hidden: false });
  const root = h("div", { class: `screen ${screen}` });
  $("screen").replaceChildren(root);
  const { signal } = closer;
  const { project, selection } = /** @type {ScreenContext} */ (/** @type {unknown} */ (now)); // set-up does without
  const opened = await SCREENS[screen].open({ root, project, selection, params: asked, signal });
  if (!signal.aborted) now.opened = opened;
}

/** @param {string} screen */
function markTab(screen) {
  for (const link of $("nav").children) {
    const id = link.id.slice("nav-".length);
    link.setAttribute("href", linkTo({ screen: id }));
    if (id === (WITHIN[screen] ?? screen)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function showProject() {
  const { project } = now;
  const gone = project?.missing_since;
  labelStudio.hidden = !project || Boolean(gone);
  $("sync").hidden = !project;
  $("missing").hidden = !gone;
  $("missing").textContent = gone ? t("setup.missing", { since: when(gone) }) : "";
  if (!project) return;
  labelStudio.href = project.label_studio;
  const { sync } = project;
  $("sync").textContent =
    t("common.sync", { embedded: number(sync.embedded), n: sync.seen, seen: number(sync.seen) }) +
    (sync.failed ? t("common.syncFailed", { failed: number(sync.failed) }) : "");
  $("sync").classList.toggle("bad", sync.failed > 0);
}

// What does not work while a server takes no writes.
async function showRefusals() {
  const { refused = {} } = await fetch("/health").then((answer) => answer.json());
  const lines = Object.values(refused).map((code) => t(`common.refused_${code}`));
  $("refused").hidden = !lines.length;
  $("refused").textContent = lines.join(" ");
}

// Keeps the line about embedding true; the next round tries again when one fails.
async function follow() {
  if (!document.hidden) showRefusals().catch(() => {});
  if (now.project && !document.hidden) {
    try {
      /** @type {Api.Project} */
      const about = await api(`/projects/${now.project.id}`);
      if (about.id === now.project?.id) {
        if (Boolean(now.project.missing_since) !== Boolean(about.missing_since)) loadProjects().catch(() => {});
        Object.assign(now.project, { sync: about.sync, missing_since: about.missing_since });
        showProject();
      }
    } catch {
      /* the screens say what is wrong when somebody does something */
    }
  }
  setTimeout(follow, POLL);
}

showRefusals().catch(() => {});
onTokensNeeded({ token: askToken, person: signIn });
buildFrame();
onRoute(() => {
  say("");
  attempt(route);
});
chooser.addEventListener("change", () => go({ project: chooser.value, screen: now.screen }));
languages.addEventListener("change", () => chooseLanguage(languages.value));
$("theme").addEventListener("click", () => {
  nextTheme();
  showTheme();
});
document.addEventListener("argus:projects", () => loadProjects().catch(() => {})); // a message of the screen stays
await attempt(start);
setTimeout(follow, POLL);
