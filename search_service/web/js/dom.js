// Making the document. Text reaches it as text nodes and attributes only: nothing here, or in any screen, takes markup.

const PROPERTIES = new Set([
  "textContent",
  "value",
  "checked",
  "disabled",
  "hidden",
  "selected",
  "indeterminate",
  "className",
  "htmlFor",
  "tabIndex",
  "open",
  "multiple",
]);
const SVG = "http://www.w3.org/2000/svg";

// h("button", { class: "primary", onclick: start, "aria-label": "…" }, "Start", icon) → an element.
// A property that is null, undefined or false is left out; nothing is set for it.
/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties<HTMLElementTagNameMap[Tag]>} properties
 * @param {...Child} children
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} properties
 * @param {...Child} children
 */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * @template {Element} Made
 * @param {Made} made
 * @param {Attributes} properties
 * @param {Child[]} children
 */
function fill(made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (PROPERTIES.has(name)) Object.assign(made, { [name]: value });
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...kept(children));
  return made;
}

// What `append` and `replaceChildren` do, with lists in lists, and without what is null, undefined or false.
/** @type {(parent: Element, ...children: Child[]) => void} */
export const add = (parent, ...children) => parent.append(...kept(children));
/** @type {(parent: Element, ...children: Child[]) => void} */
export const put = (parent, ...children) => parent.replaceChildren(...kept(children));

// As `put`, for what is drawn anew while people use it: an element that has the class, id and data of a new one stays, and
// with it a press under way, the focus and its listeners, which must be as good as the new one's.
/** @type {(parent: Element, ...children: Child[]) => void} */
export function renew(parent, ...children) {
  const wanted = kept(children).map((child) => (child instanceof Node ? child : document.createTextNode(child)));
  for (const old of [...parent.childNodes]) if (!wanted.some((child) => alike(old, child))) old.remove();
  for (const [place, child] of wanted.entries()) {
    const here = parent.childNodes[place];
    if (here && alike(here, child)) take(here, child);
    else parent.insertBefore(child, here ?? null);
  }
  while (parent.childNodes.length > wanted.length) parent.lastChild?.remove();
}

/** @type {(one: Node, other: Node) => boolean} */
const alike = (one, other) =>
  one === other ||
  (one instanceof Element
    ? other instanceof Element && one.nodeName === other.nodeName && nameOf(one) === nameOf(other)
    : one.isEqualNode(other));
/** @param {Element} element */
const nameOf = (element) =>
  JSON.stringify([element.id, element.classList.value, element instanceof HTMLElement && element.dataset]);

/** @type {(now: Node, then: Node) => void} */
function take(now, then) {
  if (now === then || !(now instanceof Element && then instanceof Element)) return;
  if (now.getAttribute("aria-busy") === "true") return; // somebody pressed it, and its answer is still to come
  for (const name of now.getAttributeNames()) if (!then.hasAttribute(name)) now.removeAttribute(name);
  for (const { name, value } of then.attributes)
    if (name !== "style" && now.getAttribute(name) !== value) now.setAttribute(name, value);
  if (now instanceof HTMLElement && then instanceof HTMLElement) now.style.cssText = then.style.cssText; // as the policy wants
  renew(now, ...then.childNodes);
}

// A sentence of the server, whose commands stand in backticks, as nodes.
/** @type {(text: string | null | undefined) => Child[]} */
export const prose = (text) => (text ?? "").split("`").map((part, place) => (place % 2 ? h("code", {}, part) : part));

/** @type {(children: Child[]) => (Node | string)[]} */
const kept = (children) =>
  /** @type {any[]} */ (children)
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false);

// The element that the selector finds at an event's target or around it.
/** @type {(event: Event, selector: string) => HTMLElement | null} */
export const around = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

// Follow a link of the page itself, unless it is to open in another tab.
/** @type {(follow: () => unknown) => (event: MouseEvent) => void} */
export const inPlace = (follow) => (event) => {
  if (event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  follow();
};

// Line icons on a 24 × 24 grid, drawn for this page. They say nothing to a screen reader: the text beside them does.
/** @type {Record<string, string>} */
const ICONS = {
  home: "M4 11.5L12 4l8 7.5M6 10v9h4.5v-5h3v5H18v-9",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM15.3 15.3L20 20",
  annotate: "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M9 9h6v6H9z",
  review: "M4 12.5l5 5L20 6.5",
  export: "M12 4v11M7.5 11L12 15.5L16.5 11M4 19h16",
  setup: "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4M4 12h13M19 12h1",
  close: "M6 6l12 12M18 6L6 18",
  left: "M14.5 5L8 12l6.5 7",
  right: "M9.5 5L16 12l-6.5 7",
  like: "M12 5v14M5 12h14",
  unlike: "M5 12h14",
  region: "M4 8V4h4M11 4h2M16 4h4v4M20 11v2M20 16v4h-4M13 20h-2M8 20H4v-4M4 13v-2",
  image: "M4 5h16v14H4zM4 16l5-5l4 4l3-3l4 4M15.5 9.5h.01",
  up: "M7 11v9H4v-9zM7 11l4-7c1.6 0 2.4 1 2.2 2.4L12.7 10h5.6a1.7 1.7 0 0 1 1.7 2l-1.2 6.4a2 2 0 0 1-2 1.6H7",
  down: "M7 13V4H4v9zM7 13l4 7c1.6 0 2.4-1 2.2-2.4L12.7 14h5.6a1.7 1.7 0 0 0 1.7-2l-1.2-6.4a2 2 0 0 0-2-1.6H7",
  star: "M12 4l2.5 5.2l5.7.7l-4.2 3.9l1.1 5.6L12 16.6l-5.1 2.8L8 13.8L3.8 9.9l5.7-.7z",
  clock: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM12 8v4.5l3 2",
  view: "M4 5h16v14H4zM4 9.5h16M9 5v4.5",
  filter: "M4 6h16M7 12h10M10 18h4",
  person: "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM4.5 20a7.5 7.5 0 0 1 15 0",
  link: "M14 4h6v6M20 4l-9 9M18 14v5H5V6h5",
  delete: "M5 7h14M10 4h4M7 7l1 13h8l1-13M10 11v5M14 11v5",
  draw: "M4 7V4h3M10 4h4M17 4h3v3M20 10v4M4 10v4M4 17v3h3M10 20h4M18 15v6M15 18h6",
  click: "M9 9l11 4l-5 2l-2 5zM9 3v3M3 9h3M4.8 4.8l2.1 2.1M13.2 4.8l-2.1 2.1M4.8 13.2l2.1-2.1",
  undo: "M9 6L4 11l5 5M4 11h9a5 5 0 0 1 0 10h-3",
  save: "M4 12.5l5 5L20 6.5",
  discard: "M6 6l12 12M18 6L6 18",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1",
};

/** @param {string} name one of ICONS */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  );
}
