// The hits as a grid: choosing by checkbox, click with Shift or Ctrl, and drag; arrow keys move, Space chooses, Enter opens.
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { addActions, makeCard, showJudged } from "./card.js";

const DRAG_FROM = 6; // pixels a pointer must move before it is a drag
const EDGE = 60; // pixels from the window's edge where a drag scrolls

// `acts`: { open(hit), like(hit), unlike(hit), judge(hit, relevant) }.
export function makeGrid({ selection, acts, signal }) {
  const hits = [],
    cards = new Map(); // `order`: the hits that are shown, `place`: where in it
  let current = null,
    anchor = null,
    order = [],
    test = () => true;
  const root = h("ol", { id: "grid", "aria-label": t("search.results") });

  function clear() {
    hits.length = 0;
    order = [];
    cards.clear();
    current = anchor = null;
    root.replaceChildren();
  }

  function add(more) {
    const made = document.createDocumentFragment();
    for (const hit of more) {
      if (cards.has(hit.task)) continue;
      const card = makeCard(hit, selection.has(hit.task));
      cards.set(hit.task, card);
      hits.push(hit);
      made.append(card.item);
    }
    root.append(made);
    show(test);
  }

  // Show the hits that pass; the others stay loaded.
  function show(passes) {
    test = passes;
    order = hits.filter(passes);
    for (const { hit, item } of cards.values()) item.hidden = !passes(hit);
    if (order.length && !(current && passes(cards.get(current).hit))) reach(order[0].task, false);
  }

  const placeOf = (task) => order.findIndex((hit) => hit.task === task);

  // One card is in the order of Tab; the arrow keys move it.
  function reach(task, focus = true) {
    cards.get(current)?.inTabOrder(false);
    current = task;
    const { item, opener, inTabOrder } = cards.get(task);
    addActions(cards.get(task), acts);
    inTabOrder(true);
    if (!focus) return;
    opener.focus();
    item.scrollIntoView({ block: "nearest" });
  }

  function showChosen() {
    for (const [task, { item, pick }] of cards) {
      const on = selection.has(task);
      if (pick.checked !== on || item.classList.contains("chosen") !== on) {
        pick.checked = on;
        item.classList.toggle("chosen", on);
      }
    }
  }

  const between = (a, b) => order.slice(Math.min(a, b), Math.max(a, b) + 1).map((hit) => hit.task);
  const columns = () => {
    const wide = order.length ? cards.get(order[0].task).item.offsetWidth + gap() : Infinity;
    return Math.max(1, Math.round(root.clientWidth / wide));
  };
  const gap = () => parseFloat(getComputedStyle(root).columnGap) || 0;

  function choose(task, event) {
    const place = placeOf(task);
    if (event.shiftKey && anchor !== null) selection.set(between(anchor, place), true);
    else selection.set([task], !selection.has(task));
    anchor = place;
  }

  // What can be done with a hit is added when somebody comes near it: 2,000 cards need not carry 8,000 buttons.
  root.addEventListener("pointerover", (event) => {
    const item = event.target.closest(".hit");
    if (item) addActions(cards.get(Number(item.dataset.task)), acts);
  });
  for (const [kind, broken] of [["error", true], ["load", false]])
    root.addEventListener(kind, (event) => event.target.closest(".hit")?.classList.toggle("broken", broken), true);

  root.addEventListener("click", (event) => {
    const item = event.target.closest(".hit");
    if (!item || event.target.closest(".actions")) return;
    const task = Number(item.dataset.task);
    reach(task, false);
    if (dragged) return;
    if (event.target.closest(".pick") || event.shiftKey || event.ctrlKey || event.metaKey) {
      choose(task, event);
      showChosen();
    } else if (event.target.closest(".open")) acts.open(cards.get(task).hit);
  });

  root.addEventListener("keydown", (event) => {
    if (!current || event.target.closest(".actions") || event.ctrlKey || event.metaKey || event.altKey) return;
    const { hit } = cards.get(current),
      place = placeOf(current);
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns(),
      ArrowUp: -columns(),
      Home: -place,
      End: order.length - 1 - place,
    };
    if (event.key in steps) {
      const next = order[Math.min(Math.max(place + steps[event.key], 0), order.length - 1)];
      if (event.shiftKey) {
        anchor ??= place;
        selection.set(between(anchor, placeOf(next.task)), true);
      } else anchor = null;
      reach(next.task);
    } else if (event.key === " " && !event.target.closest(".pick")) choose(current, event);
    else if (event.key === "+" || event.key === "-") (event.key === "+" ? acts.like : acts.unlike)(hit);
    else return;
    event.preventDefault();
  });

  // Drag: a rubber band over the grid. Only a mouse or a pen; a finger scrolls.
  let from = null,
    dragged = false,
    band = null,
    before = null,
    latest = null,
    moving = 0;
  root.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0 || event.target.closest(".actions, .pick")) return;
    const box = root.getBoundingClientRect();
    dragged = false;
    from = { x: event.clientX - box.left, y: event.clientY - box.top };
  });
  window.addEventListener(
    "pointermove",
    (event) => {
      if (!from) return;
      const box = root.getBoundingClientRect(),
        at = { x: event.clientX - box.left, y: event.clientY - box.top };
      if (!dragged && Math.hypot(at.x - from.x, at.y - from.y) < DRAG_FROM) return;
      if (!dragged) {
        dragged = true;
        before = event.shiftKey || event.ctrlKey || event.metaKey ? selection.list() : [];
        band = root.parentElement.appendChild(h("div", { class: "band-select" }));
      }
      event.preventDefault();
      latest = at;
      moving ||= requestAnimationFrame(stretch);
      if (event.clientY < EDGE) window.scrollBy(0, -EDGE / 2);
      if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, EDGE / 2);
    },
    { signal },
  );
  window.addEventListener(
    "pointerup",
    () => {
      if (moving) {
        cancelAnimationFrame(moving);
        stretch(); // a quick hand is ahead of the last frame
      }
      from = null;
      band?.remove();
      band = null;
      setTimeout(() => {
        dragged = false;
      }); // after the click that ends the drag
    },
    { signal },
  );

  function stretch() {
    moving = 0;
    if (!band || !from || !order.length) return;
    const at = latest,
      x0 = Math.min(from.x, at.x),
      x1 = Math.max(from.x, at.x),
      y0 = Math.min(from.y, at.y),
      y1 = Math.max(from.y, at.y);
    Object.assign(band.style, {
      left: `${root.offsetLeft + x0}px`,
      top: `${root.offsetTop + y0}px`,
      width: `${x1 - x0}px`,
      height: `${y1 - y0}px`,
    });
    // Every card has the same size, so the ones under the band follow from arithmetic, without a look at each.
    const { item } = cards.get(order[0].task),
      wide = item.offsetWidth + gap(),
      high = item.offsetHeight + gap(),
      across = columns();
    const inside = [];
    for (let row = Math.max(0, Math.floor(y0 / high)); row <= Math.floor(y1 / high); row += 1) {
      for (
        let column = Math.max(0, Math.floor(x0 / wide));
        column <= Math.min(across - 1, Math.floor(x1 / wide));
        column += 1
      ) {
        const hit = order[row * across + column];
        if (hit) inside.push(hit.task);
      }
    }
    selection.replace([...before, ...inside]);
  }

  selection.addEventListener("change", showChosen, { signal });

  const judged = (hit) => cards.get(hit.task) && showJudged(cards.get(hit.task));

  return {
    root,
    hits,
    add,
    clear,
    judged,
    show,
    order: () => order,
    reach: (task) => placeOf(task) >= 0 && reach(task),
  };
}
