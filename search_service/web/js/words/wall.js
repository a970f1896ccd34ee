import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    objects: "Objects of all bands, lowest score first", empty: "No object is left to review.",
    hint: "Click objects to choose them, with Shift for a range. Then A says right, R wrong, U unsure, and 1 to 9 the right label; O says that all others shown are right; Z takes it back. Enter opens one large. It is stored at once; tasks with a wrong or unsure object wait in To fix, and relabelled objects are accepted with their new label.",
    right: "Right", wrong: "Wrong", unsure: "Unsure", relabel: "Relabel …", rest: ({ count }) => `The other ${count} are right`,
    selectShown: ({ count }) => `Select the ${count} shown`, selectAll: ({ count }) => `Select all ${count}`, selectNone: "Select none",
    said_right: ({ n, count }) => `${count} ${plural(n, "object")} marked right.`, said_wrong: ({ n, count }) => `${count} ${plural(n, "object")} marked wrong.`,
    said_unsure: ({ n, count }) => `${count} ${plural(n, "object")} marked unsure.`, said_relabelled: ({ n, count, label }) => `${count} ${plural(n, "object")} relabelled ${label}.`,
    undone: ({ n, count }) => `Taken back on ${count} ${plural(n, "object")}.`,
  },
  ja: {
    objects: "すべての帯の物体（スコアの低い順）", empty: "レビューする物体は残っていません。",
    hint: "クリックで選択、Shift で範囲選択します。A は正しい、R は間違い、U は不明、1〜9 は正しいラベル、O は表示中の残りすべてが正しい、Z で取り消し、Enter で拡大。判定はすぐに保存され、間違い・不明の物体があるタスクは「要修正」に入ります。ラベルを変えた物体は、新しいラベルで承認されます。",
    right: "正しい", wrong: "間違い", unsure: "不明", relabel: "ラベル変更…", rest: "残りの {count} 個は正しい",
    selectShown: "表示中の {count} 個を選択", selectAll: "{count} 個すべてを選択", selectNone: "選択解除",
    said_right: "{count} 個を「正しい」にしました。", said_wrong: "{count} 個を「間違い」にしました。",
    said_unsure: "{count} 個を「不明」にしました。", said_relabelled: "{count} 個のラベルを {label} に変更しました。",
    undone: "{count} 個の判定を取り消しました。",
  },
};
