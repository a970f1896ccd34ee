// Annotations as files: what it would hold, making it in the background, and the last ones to download.
import { api, carriesToken, request } from "../api.js";
import { add, h, icon, prose, put, renew } from "../dom.js";
import { number, percent, t, when } from "../i18n.js";
import { attempt } from "../messages.js";
import { change } from "../router.js";

const POLL = 1000;
const SOURCES = ["annotations", "both", "predictions"];
const SPLITS = { none: {}, two: { train: 80, val: 20 }, three: { train: 70, val: 20, test: 10 } };

export async function open({ root, project, params, signal }) {
  const base = `/projects/${project.id}`;
  const radios = (name, values, chosen) =>
    h(
      "fieldset",
      { id: `export-${name}` },
      h("legend", {}, t(`export.${name}`)),
      values.map((value) =>
        h(
          "label",
          { class: "option" },
          h("input", { type: "radio", name, value, checked: value === chosen }),
          h(
            "span",
            {},
            h("strong", {}, t(`export.${name}_${value}`)),
            h("small", { class: "muted" }, t(`export.${name}_${value}_hint`)),
          ),
        ),
      ),
    );
  const wanted = (name, values) => (values.includes(params[name]) ? params[name] : values[0]);
  const form = h(
    "form",
    { id: "export", class: "panel stack" },
    radios("format", ["coco", "yolo"], wanted("format", ["coco", "yolo"])),
    radios("source", SOURCES, wanted("source", SOURCES)),
    radios("splits", Object.keys(SPLITS), wanted("splits", Object.keys(SPLITS))),
    h("div", { class: "shares", role: "group", "aria-label": t("export.shares") }),
    h(
      "div",
      { class: "stack" },
      h(
        "label",
        { class: "check", id: "export-masks" },
        h("input", { type: "checkbox", name: "masks", checked: params.masks === "yes" }),
        t("export.masks"),
      ),
      h(
        "label",
        { class: "check" },
        h("input", { type: "checkbox", name: "images", checked: params.images !== "no" }),
        t("export.images"),
      ),
    ),
    h("button", { id: "export-go", class: "primary" }, icon("export"), t("export.start")),
  );
  const preview = h("section", { class: "panel", "aria-live": "polite", "aria-labelledby": "e-preview" }),
    made = h("section", { class: "panel", "aria-labelledby": "e-made" });
  add(root, h("h1", {}, t("export.title")), h("div", { class: "two" }, form, h("div", {}, preview, made)));

  const shares = form.querySelector(".shares");
  let counting = 0,
    timer = 0;

  // `given`: shares from the address, taken when there is one for each split.
  function showShares(given = []) {
    const splits = Object.entries(SPLITS[form.elements.splits.value]);
    const usable = given.length === splits.length && given.every((share) => Number.isInteger(share) && share >= 1 && share <= 99);
    put(
      shares,
      ...splits.map(([name, share], place) =>
        h(
          "label",
          { class: "field" },
          name,
          h("input", {
            type: "number",
            name: `share-${name}`,
            min: "1",
            max: "99",
            step: "1",
            value: String(usable ? given[place] : share),
            required: true,
          }),
          "%",
        ),
      ),
    );
  }

  function asked() {
    const chosen = Object.fromEntries(
      [...shares.querySelectorAll("input")].map((input) => [input.name.slice("share-".length), Number(input.value)]),
    );
    return {
      format: form.elements.format.value,
      source: form.elements.source.value,
      splits: chosen,
      images: form.elements.images.checked,
      masks: form.elements.format.value === "yolo" && form.elements.masks.checked,
    };
  }

  async function count() {
    const mine = ++counting;
    form.querySelector("#export-masks").hidden = form.elements.format.value !== "yolo";
    put(preview, h("h2", { id: "e-preview" }, t("export.preview")), h("p", { class: "muted" }, t("common.loading")));
    if (!form.checkValidity()) {
      form.reportValidity();
      return;
    }
    const found = await api(`${base}/exports/preview`, { json: asked(), signal });
    if (mine !== counting) return;
    const objects = Object.entries(found.objects);
    const most = Math.max(1, ...objects.map(([, n]) => n)),
      all = objects.reduce((sum, [, n]) => sum + n, 0);
    put(
      preview,
      h("h2", { id: "e-preview" }, t("export.preview")),
      found.images
        ? h(
            "p",
            { class: "big" },
            t("export.counts", {
              n: found.images,
              images: number(found.images),
              k: all,
              objects: number(all) + (found.counted < found.images ? "+" : ""), // of a large project, the first images
            }),
          )
        : h("p", {}, t(`export.nothing_${form.elements.source.value}`)),
      Object.keys(found.splits).length > 0 &&
        found.images > 0 && [
          h(
            "div",
            { class: "split-bar", "aria-hidden": "true" },
            Object.entries(found.splits).map(([, one], place) => {
              const part = h("span", { class: `part-${place}` });
              part.style.flexGrow = String(one.images);
              return part;
            }),
          ),
          h(
            "ul",
            { class: "splits" },
            Object.entries(found.splits).map(([name, one], place) =>
              h(
                "li",
                {},
                h("span", { class: `dot part-${place}` }),
                h("strong", {}, name),
                " ",
                t("export.split", {
                  n: one.images,
                  images: number(one.images),
                  k: one.videos,
                  videos: number(one.videos),
                }),
              ),
            ),
          ),
          emptySplits(found.splits),
        ],
      found.images > 0 &&
        objects.length > 0 &&
        h(
          "ul",
          { class: "bars" },
          objects.map(([label, n]) => {
            const bar = h("span", { class: "fill" });
            bar.style.inlineSize = `${(100 * n) / most}%`;
            return h(
              "li",
              {},
              h("span", { class: "name" }, label),
              h("span", { class: "track", "aria-hidden": "true" }, bar),
              h("span", { class: "n" }, number(n)),
            );
          }),
        ),
    );
    form.querySelector("#export-go").disabled = !found.images;
  }

  async function list() {
    clearTimeout(timer);
    const { exports } = await api(`${base}/exports`, { signal });
    renew(
      made,
      h("h2", { id: "e-made" }, t("export.made")),
      exports.length ? h("ul", { class: "exports" }, exports.map(entry)) : h("p", { class: "muted" }, prose(t("export.none"))),
    );
    if (exports.some((one) => ["queued", "running"].includes(one.state)))
      timer = setTimeout(() => {
        if (!signal.aborted)
          list().catch(() => {
            timer = setTimeout(list, 5 * POLL);
          });
      }, POLL);
  }

  function entry(one) {
    const name = [t(`export.format_${one.format}`), t(`export.source_${one.source}`), ...choices(one)].join(" · "),
      going = ["queued", "running"].includes(one.state);
    const act = (text, work, cls = "") =>
      h("button", { type: "button", class: cls, onclick: (event) => attempt(work, event.currentTarget) }, text);
    return h(
      "li",
      { "data-export": one.id, class: one.state },
      h(
        "div",
        { class: "bar" },
        h("strong", {}, name),
        h("span", { class: "muted" }, when(one.created_at)),
        h("span", { class: "grow" }),
        one.state === "done" &&
          act([icon("export"), t("export.download", { size: size(one.bytes) })], () => download(one), "primary"),
        act(
          t(going ? "export.cancel" : "export.delete"),
          async () => {
            await api(`/exports/${one.id}`, { method: "DELETE" });
            await list();
          },
          "quiet",
        ),
      ),
      going &&
        h("progress", {
          max: String(one.total ?? 1),
          ...(one.state === "running" ? { value: String(one.written) } : {}),
          "aria-label": name,
        }),
      h("p", { class: one.state === "failed" ? "bad" : "muted" }, text(one)),
      one.report?.skipped.length > 0 &&
        h(
          "ul",
          { class: "muted" },
          one.report.skipped.map((entry) => h("li", {}, t("export.skipped", { n: entry.count, reason: entry.reason }))),
        ),
    );
  }

  // What was chosen besides: two exports that differ by it alone must not look the same.
  function choices({ splits, masks, images }) {
    const all = Object.values(splits ?? {}).reduce((sum, share) => sum + share, 0);
    const parts = Object.entries(splits ?? {}).map(([name, share]) => `${name} ${percent(share / all)}`);
    return [parts.join(" / "), masks && t("export.withMasks"), images === false && t("export.withoutImages")].filter(Boolean);
  }

  function text(one) {
    if (one.state === "running")
      return t("export.running", { written: number(one.written), total: number(one.total ?? 0) });
    if (one.state === "done")
      return t("export.done", {
        n: one.report.images,
        images: number(one.report.images),
        k: one.report.objects,
        objects: number(one.report.objects),
      });
    if (one.state === "failed") return [one.error?.message, one.error?.hint].filter(Boolean).join(" ");
    return t(`export.${one.state}`);
  }

  async function download(one) {
    const answer = carriesToken() ? await request(`/exports/${one.id}/file`) : null; // a link cannot carry a token
    const href = answer ? URL.createObjectURL(await answer.blob()) : `/api/v1/exports/${one.id}/file`;
    h("a", { href, download: `project-${one.project}-${one.format}-${one.id}.zip` }).click();
    if (answer) setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "splits") showShares();
    const { format, source, splits, masks, images } = asked(),
      shown = Object.values(splits);
    change(
      {
        format,
        source,
        splits: form.elements.splits.value,
        shares: shown.join() === Object.values(SPLITS[form.elements.splits.value]).join() ? null : shown.join(),
        masks: masks ? "yes" : null,
        images: images ? null : "no",
      },
      { quiet: true },
    );
    attempt(count);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await api(`${base}/exports`, { json: asked() });
      await list();
    }, event.submitter);
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  showShares((params.shares ?? "").split(",").map(Number));
  attempt(count);
  attempt(list);
}

// Splits that no video is left for, in words.
function emptySplits(splits) {
  const names = Object.keys(splits).filter((name) => !splits[name].images);
  const videos = Object.values(splits).reduce((sum, one) => sum + one.videos, 0);
  const said = { names: names.map((name) => `“${name}”`).join(", "), n: names.length, k: videos, count: number(videos) };
  return names.length > 0 && h("p", { class: "maybe" }, t("export.emptySplit", said));
}

function size(bytes) {
  const units = ["B", "KB", "MB", "GB"],
    step = bytes ? Math.min(3, Math.floor(Math.log10(bytes) / 3)) : 0;
  return `${number(bytes / 1000 ** step, step && bytes / 1000 ** step < 10 ? 1 : 0)} ${units[step]}`;
}
