// A band's objects as crops, lowest score first. The arrow keys walk, Space selects, A says the object is right, R that
// it is wrong, F opens its task to be fixed.
//
// Label Studio accepts a task as a whole. So an object that was found right waits until all objects of its task were.
import { api, picture } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { attempt } from "../messages.js";
import { cropInto } from "../pictures.js";

const PAGE = 60;

export function cropGrid({ project, signal, act }) {
  const list = h("ul", { class: "crops", "aria-label": t("review.objects") }),
    empty = h("p", { class: "muted" });
  const more = h(
    "button",
    { type: "button", hidden: true, onclick: () => attempt(() => load(), more) },
    t("review.more"),
  );
  const root = h("div", { class: "crop-area" }, empty, list, more);
  let cards = [],
    current = 0,
    next = null,
    loads = 0,
    where = { band: "low", label: null };

  async function open(band, label = null) {
    if (band !== where.band || label !== where.label) {
      cards = []; // a key pressed meanwhile must not decide on what another band showed
      list.replaceChildren();
    }
    where = { band, label };
    next = "";
    await load(true);
  }

  async function load(fresh = false) {
    const mine = ++loads,
      { band, label } = where;
    const asked = new URLSearchParams({
      band,
      limit: PAGE,
      ...(label ? { label } : {}),
      ...(fresh ? {} : { after: next ?? "" }),
    });
    const page = await api(`/projects/${project.id}/review/objects?${asked}`, { signal });
    if (mine !== loads) return;
    const kept = new Map(cards.map((card) => [card.key, card])),
      focused = list.contains(document.activeElement),
      at = cards[current]?.key;
    const found = page.objects.map((object) => reuse(kept.get(keyOf(object)), object) ?? make(object));
    cards = fresh ? found : [...cards, ...found];
    next = page.next;
    list.replaceChildren(...cards.map((card) => card.root));
    more.hidden = !next;
    empty.textContent = cards.length ? "" : t(band === "to_fix" ? "review.noneToFix" : "review.bandEmpty");
    const place = cards.findIndex((card) => card.key === at);
    focus(place >= 0 ? place : Math.min(current, Math.max(0, cards.length - 1)), focused);
    act.changed();
  }

  const keyOf = (object) => `${object.task}/${object.object}`;
  const reuse = (card, object) => {
    if (!card) return null;
    card.object = object;
    mark(card);
    return card;
  };

  function make(object) {
    const image = h("img", { alt: "", loading: "lazy" });
    if (object.box) cropInto(image, object.task, object.box);
    else picture(image, object.task, 320);
    image.addEventListener(
      "error",
      () => {
        image.replaceWith(h("span", { class: "broken" }, t("review.noPicture")));
      },
      { once: true },
    );
    const box = h("input", {
      type: "checkbox",
      tabIndex: -1,
      "aria-label": t("review.select"),
      onchange: () => {
        card.selected = box.checked;
        mark(card);
        act.changed();
      },
    });
    const text = h("span", { class: "facts" }),
      state = h("span", { class: "mark" });
    const face = h(
      "button",
      {
        type: "button",
        class: "face",
        tabIndex: -1,
        onclick: () => {
          focus(cards.indexOf(card), true);
        },
        ondblclick: () => act.look(card),
      },
      image,
      text,
      state,
    );
    const card = {
      key: keyOf(object),
      object,
      box,
      face,
      text,
      state,
      selected: false,
      right: false,
      root: h("li", { class: "crop", "data-object": keyOf(object) }, face, box),
    };
    mark(card);
    return card;
  }

  function mark(card) {
    const { object } = card,
      verdict = object.verdict || (card.right ? "right" : "");
    const score = object.score === null ? "" : number(object.score, 2);
    card.text.replaceChildren(
      object.score === null ? h("b", {}, t("common.task", { task: object.task })) : h("b", {}, score),
      h("span", {}, object.label),
      object.of > 1 ? h("span", { class: "muted" }, t("review.oneOf", { of: object.of })) : "",
    );
    card.state.textContent = verdict
      ? t(`review.verdict_${verdict}`)
      : object.sure && where.band !== "high"
        ? t("review.sure")
        : "";
    card.root.className = `crop ${verdict}${card.selected ? " selected" : ""}${object.sure && where.band !== "high" ? " sure" : ""}`;
    card.box.checked = card.selected;
    card.face.setAttribute(
      "aria-label",
      [
        object.label || t("review.nothing_found"),
        score && t("review.score", { score }),
        t("common.task", { task: object.task }),
        object.of > 1 && t("review.oneOf", { of: object.of }),
        card.state.textContent,
      ]
        .filter(Boolean)
        .join(", "),
    );
  }

  function focus(place, really = true) {
    if (!cards.length) {
      current = 0;
      return;
    }
    cards[current]?.face.setAttribute("tabindex", "-1");
    current = Math.max(0, Math.min(cards.length - 1, place));
    cards[current].face.setAttribute("tabindex", "0");
    if (really) {
      cards[current].face.focus({ preventScroll: true });
      cards[current].root.scrollIntoView({ block: "nearest" });
    }
    act.changed();
  }

  const perRow = () => {
    const top = cards[0]?.root.offsetTop;
    return (
      Math.max(
        1,
        cards.findIndex((card) => card.root.offsetTop !== top),
      ) || cards.length
    );
  };

  // A screen reader, or a script, moves the focus by itself.
  list.addEventListener("focusin", (event) => {
    const place = cards.findIndex((card) => card.root.contains(event.target));
    if (place >= 0 && place !== current) focus(place, false);
  });

  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = perRow() === -1 ? cards.length : perRow();
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: row,
      ArrowUp: -row,
      Home: -cards.length,
      End: cards.length,
      n: 1,
      p: -1,
    };
    const keys = {
      a: act.accept,
      r: act.reject,
      f: act.fix,
      b: act.back,
      Enter: () => act.look(cards[current]),
      " ": () => toggle(cards[current]),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in steps) focus(current + steps[key]);
    else if (key in keys && (event.target === cards[current]?.face || key !== " ")) keys[key]();
    else return;
    event.preventDefault();
  });

  function toggle(card) {
    card.selected = !card.selected;
    mark(card);
    act.changed();
  }

  // What an action is about: the selected cards, else the current one.
  function targets() {
    const selected = cards.filter((card) => card.selected);
    return selected.length ? selected : cards[current] ? [cards[current]] : [];
  }

  function remove(tasks) {
    const gone = new Set(tasks),
      focused = list.contains(document.activeElement);
    const before = cards.slice(0, current).filter((card) => !gone.has(card.object.task)).length;
    for (const card of cards) if (gone.has(card.object.task)) card.root.remove();
    cards = cards.filter((card) => !gone.has(card.object.task));
    focus(before, focused);
    if (!cards.length) empty.textContent = t("review.bandEmpty");
  }

  return {
    root,
    open,
    targets,
    remove,
    mark,
    toggleAll: (on) => {
      for (const card of cards) {
        card.selected = on;
        mark(card);
      }
      act.changed();
    },
    reload: () => load(true),
    step: () => focus(current + 1, list.contains(document.activeElement)),
    all: () => cards,
    selected: () => cards.filter((card) => card.selected).length,
    ofTask: (task) => cards.filter((card) => card.object.task === task),
    loaded: () => cards.length <= PAGE,
  };
}
