// The versions of the dataset: every export is one. To compare two, to lock a test set, to delete.
import { api } from "../api.js";
import { add, h, put, renew } from "../dom.js";
import { number, t, when } from "../i18n.js";
import { actionButton, ask as confirm, attempt } from "../messages.js";
import { differences } from "./differences.js";

export class Versions {
  /** @param {{ base: string, signal: AbortSignal }} given */
  constructor({ base, signal }) {
    this.base = base;
    this.signal = signal;
    this.root = h("section", { class: "panel", "aria-labelledby": "e-versions" });
    this.list = h("div", {});
    this.diff = h("div", { class: "differences", "aria-live": "polite" });
    add(this.root, h("h2", { id: "e-versions" }, t("export.versions")), this.list, this.diff);
  }

  async show() {
    /** @type {{ versions: Api.Version[] }} */
    const { versions } = await api(`${this.base}/versions`, { signal: this.signal });
    const none = h("p", { class: "muted" }, t("export.noVersions"));
    const entries = versions.map((one, place) => this.#entry(one, versions.slice(place + 1)));
    renew(this.list, versions.length ? h("ul", { class: "versions" }, entries) : none);
  }

  /** @param {Api.Version} one @param {Api.Version[]} older */
  #entry(one, older) {
    const objects = Object.values(one.objects).reduce((sum, n) => sum + n, 0);
    const counts = { n: one.images, images: number(one.images), k: objects, objects: number(objects) };
    const facts = [
      when(one.made_at),
      one.made_by,
      t("export.done", counts),
      ...Object.entries(one.splits).map(([split, n]) => `${split} ${number(n)}`),
      one.locked > 0 && t("export.testLocked", { n: one.locked, images: number(one.locked) }),
      one.export === null && t("export.noFile"),
    ];
    return h(
      "li",
      { "data-version": one.version },
      h(
        "div",
        { class: "bar" },
        h("strong", {}, t("export.version", { version: one.version })),
        h("span", { class: "version-note grow" }, one.note),
        older.length > 0 && this.#comparing(one, older),
        one.splits.test > one.locked && actionButton(t("export.lockTest"), () => this.#lock(one), { class: "quiet" }),
        actionButton(t("export.delete"), () => this.#remove(one), { class: "quiet" }),
      ),
      h("p", { class: "muted" }, facts.filter(Boolean).join(" · ")),
    );
  }

  /** @param {Api.Version} one @param {Api.Version[]} older */
  #comparing(one, older) {
    const options = older.map(({ version }) => h("option", { value: String(version) }, t("export.version", { version })));
    const first = h("option", { value: "" }, t("export.compare"));
    const choice = h("select", { "aria-label": t("export.compareWith", { version: one.version }) }, first, options);
    choice.addEventListener("change", () => choice.value && attempt(() => this.#compare(choice.value, one.version)));
    return choice;
  }

  /** @param {string} before @param {number} after */
  async #compare(before, after) {
    /** @type {Api.VersionDiff} */
    const found = await api(`${this.base}/versions/${after}/diff?before=${before}`, { signal: this.signal });
    put(this.diff, differences(found));
  }

  /** @param {Api.Version} one */
  async #lock(one) {
    await api(`${this.base}/versions/${one.version}/lock`, { method: "POST" });
    await this.show();
  }

  /** @param {Api.Version} one */
  async #remove(one) {
    if (!(await confirm(t("export.deleteVersion", { version: one.version }), { danger: true }))) return;
    await api(`${this.base}/versions/${one.version}`, { method: "DELETE" });
    put(this.diff);
    await this.show();
  }
}
