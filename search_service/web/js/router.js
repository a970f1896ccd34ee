// The address is the state: `?project=1&screen=search&q=cpu`. Whatever a person would want back after a reload, in
// another tab or by the back button stands there.
/** @type {((params: Params) => unknown)[]} */
const listeners = [];

/** @returns {Params} */
export const params = () => Object.fromEntries(new URLSearchParams(location.search));

/** @param {(params: Params) => unknown} listener */
export function onRoute(listener) {
  listeners.push(listener);
  window.addEventListener("popstate", () => listener(params()));
}

/** @param {Attributes} next */
export function address(next) {
  const kept = Object.entries(next).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `?${new URLSearchParams(kept.map(([name, value]) => [name, String(value)]))}`;
}

// Go somewhere: a new entry for the back button. Only project and language are kept of the old address.
/** @param {Attributes} next */
export function go(next) {
  move({ ...keep(), ...next }, "pushState");
}

// Change something of where we are. With `quiet` nobody is told: the screen has shown it already.
/** @param {Attributes} next */
export function change(next, { quiet = false, push = false } = {}) {
  move({ ...params(), ...next }, push ? "pushState" : "replaceState", quiet);
}

// Several names in one value, `cpu|fan`; a name may hold the bar itself. None at all is the bar alone: an empty value
// would not stand in the address.
/** @param {string[]} names */
export const fromNames = (names) => names.map((name) => name.replace(/[%|]/g, encodeURIComponent)).join("|") || "|";

/** @param {string} text */
export function toNames(text) {
  try {
    return text.split("|").filter(Boolean).map(decodeURIComponent);
  } catch {
    return []; // an address that somebody wrote by hand
  }
}

/** @param {Attributes} next */
export const linkTo = (next) => address({ ...keep(), ...next });

function keep() {
  const { project, lang } = params();
  return { project, lang };
}

/** @param {Attributes} next @param {"pushState" | "replaceState"} how */
function move(next, how, quiet = false) {
  const to = address(next);
  if (to !== location.search) history[how](null, "", to);
  if (!quiet) for (const listener of listeners) listener(params());
}
