// Groups of alike images, each as its most typical one, with how many they are and words that are likely for it.
import { picture } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { findClusters } from "./ask.js";

export class ClusterResults {
  #asked = 0; // an answer to an earlier question is not shown

  // `choose(ask)` asks something else.
  /** @param {{ project: Api.Project, signal: AbortSignal, choose: (ask: Ask) => unknown }} given */
  constructor({ project, signal, choose }) {
    this.base = `/projects/${project.id}`;
    this.signal = signal;
    this.choose = choose;
    this.summary = h("p", { id: "cluster-summary", role: "status" });
    this.list = h("ul", { id: "clusters", class: "crops clusters", "aria-label": t("search.clusters") });
    this.root = h("section", { hidden: true, "aria-label": t("search.results") }, this.summary, this.list);
  }

  hide() {
    this.#asked += 1;
    this.root.hidden = true;
  }

  /** @param {Ask} ask */
  show(ask) {
    this.hide();
    return this.reload(ask);
  }

  /** @param {Ask} ask @returns {Promise<number>} 0: what is embedded later is in the groups of a later question */
  async reload(ask) {
    const asked = ++this.#asked;
    const found = await findClusters(this.base, ask, this.signal);
    if (asked !== this.#asked) return 0;
    this.summary.textContent = summaryOf(found);
    this.list.replaceChildren(...found.clusters.map((cluster) => this.#card(cluster, ask)));
    this.root.hidden = false;
    return 0;
  }

  /** @param {Api.Cluster} cluster @param {Ask} ask */
  #card({ picture: { task }, images, words }, ask) {
    const image = h("img", { alt: "", loading: "lazy", decoding: "async" });
    picture(image, task, 320);
    const count = t("search.clusterImages", { n: images, count: number(images) });
    const likely = words.length ? t("search.clusterWords", { words: words.join(", ") }) : "";
    const name = [count, likely, t("common.task", { task })].filter(Boolean).join(", ");
    const onclick = () => this.choose({ ...ask, browse: `cluster-${task}` });
    const facts = h("span", { class: "facts" }, h("b", {}, count), h("span", { class: "muted" }, words.join(", ")));
    const face = h("button", { type: "button", class: "face", "aria-label": name, onclick }, image, facts);
    return h("li", { class: "crop", "data-task": String(task) }, face);
  }
}

/** @param {Api.Clusters} found */
function summaryOf({ total, looked_at: looked, clusters }) {
  if (!clusters.length) return t("search.noClusters");
  const n = clusters.length;
  const some = looked < total ? ` (${t("search.clustersSome", { total: number(total) })})` : "";
  return t("search.clustersOf", { n, count: number(n), total: number(looked) }) + some;
}
