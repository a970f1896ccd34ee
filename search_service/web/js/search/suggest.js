// A text box with suggestions below it: the combobox pattern of the ARIA practices. The list never takes the focus.
import { around, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { nameKey } from "../typed.js";

const COMBOBOX = {
  role: "combobox",
  "aria-autocomplete": "list",
  "aria-controls": "suggestions",
  "aria-expanded": "false",
};

export class Suggestions {
  /** @type {{ made: HTMLElement, item: import("./suggested.js").Item }[]} */
  #options = [];
  #active = -1;
  #wanted = false;

  // `groups(text)` gives what is suggested for what was typed, in plain small letters; it is asked again at every
  // letter, and by `again()`.
  /** @param {HTMLInputElement} input @param {(text: string) => import("./suggested.js").Group[]} groups */
  constructor(input, groups) {
    this.input = input;
    this.groups = groups;
    const name = { role: "listbox", "aria-label": t("search.suggestions") };
    this.list = h("div", { id: "suggestions", ...name, class: "suggestions", hidden: true });
    for (const [name, value] of Object.entries(COMBOBOX)) input.setAttribute(name, value);
    input.addEventListener("input", () => this.#show());
    input.addEventListener("click", () => this.#show());
    input.addEventListener("blur", () => this.#close());
    input.addEventListener("keydown", (event) => this.#onkey(event));
  }

  // There is more to suggest now. Nothing changes for somebody who does not look, or is choosing already.
  again() {
    if (this.#wanted && this.#active < 0 && !this.list.matches(":hover")) this.#show();
  }

  #show() {
    this.#wanted = true;
    this.#options = [];
    const filled = this.groups(nameKey(this.input.value)).filter((group) => group.items.length);
    this.list.replaceChildren(
      ...filled.map((group) =>
        h(
          "div",
          { role: "group", "aria-label": group.title },
          h("div", { class: "title", "aria-hidden": "true" }, group.title),
          group.items.map((item) => this.#option(item, group.icon)),
        ),
      ),
    );
    this.#mark(-1);
    this.#open(this.#options.length > 0);
  }

  /** @param {import("./suggested.js").Item} item @param {string} sign */
  #option(item, sign) {
    const press = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (!around(event, ".forget")) this.#choose(item);
    };
    const id = `suggestion-${this.#options.length}`;
    const made = h(
      "div",
      { role: "option", id, "aria-selected": "false", onpointerdown: press },
      icon(sign),
      h("span", {}, item.text),
      item.forget && this.#forgetButton(item),
    );
    this.#options.push({ made, item });
    return made;
  }

  /** @param {import("./suggested.js").Item} item */
  #forgetButton(item) {
    const forget = async () => {
      await item.forget?.();
      this.#show();
    };
    const name = { "aria-label": t("search.forget", { text: item.text }) };
    return h(
      "button",
      { type: "button", class: "forget quiet", tabIndex: -1, ...name, onclick: forget },
      icon("close"),
    );
  }

  /** @param {import("./suggested.js").Item} item */
  #choose(item) {
    this.#close();
    item.choose();
  }

  #close() {
    this.#wanted = false;
    this.#open(false);
  }

  /** @param {boolean} on */
  #open(on) {
    this.list.hidden = !on;
    this.input.setAttribute("aria-expanded", String(on));
    if (!on) this.#mark(-1);
  }

  /** @param {number} place */
  #mark(place) {
    this.#active = place;
    this.#options.forEach(({ made }, index) => made.setAttribute("aria-selected", String(index === place)));
    if (place >= 0) {
      const { made } = this.#options[place];
      this.input.setAttribute("aria-activedescendant", made.id);
      made.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #onkey(event) {
    const { hidden } = this.list;
    if (event.key === "Escape") {
      if (!hidden) event.preventDefault();
      this.#close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (hidden) this.#show();
      else this.#mark(stepped(this.#active, event.key === "ArrowDown" ? 1 : -1, this.#options.length));
    } else if (event.key === "Enter") {
      if (this.#active >= 0 && !hidden) {
        event.preventDefault();
        this.#choose(this.#options[this.#active].item);
      } else this.#close();
    }
  }
}

// The place after a step among `count` suggestions, round and round; -1 is none of them, the text that was typed.
/** @type {(active: number, step: number, count: number) => number} */
export const stepped = (active, step, count) => ((active + 1 + step + count + 1) % (count + 1)) - 1;
