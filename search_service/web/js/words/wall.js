import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    objects: "Objects of all bands", order: "Order", order_score: "Lowest score first", order_similar: "Similar ones together", order_outliers: "Least like their label first", order_teach: "What teaches most",
    teachHint: "A few objects at a time: those whose verdicts would teach most. When all are judged, the next ones come.",
    learned: ({ n, count, shown, hidden }) => `The last ${n === 1 ? "verdict" : `${count} verdicts`} changed the drafts: of the objects under review, they would hide ${hidden} more and show ${shown} again.`,
    learnedNothing: ({ n, count }) => `The last ${n === 1 ? "verdict" : `${count} verdicts`} changed no object's side of its threshold yet.`,
    waiting: ({ n, count }) => `${count} more ${plural(n, "object waits", "objects wait")} to be embedded before ${plural(n, "it", "they")} can be asked about.`,
    empty: "No object is left to review.",
    hint: "Click objects to choose them, with Shift for a range. Then A says right, R wrong, U unsure, and 1 to 9 the right label; O says that all others shown are right; Z takes it back. Enter opens one large. It is stored at once; tasks with a wrong or unsure object wait in To fix, and relabelled objects are accepted with their new label.",
    right: "Right", wrong: "Wrong", unsure: "Unsure", relabel: "Relabel …", rest: ({ count }) => `The other ${count} are right`,
    selectShown: ({ count }) => `Select the ${count} shown`, selectAll: ({ count }) => `Select all ${count}`, selectNone: "Select none",
    said_right: ({ n, count }) => `${count} ${plural(n, "object")} marked right.`, said_wrong: ({ n, count }) => `${count} ${plural(n, "object")} marked wrong.`,
    said_unsure: ({ n, count }) => `${count} ${plural(n, "object")} marked unsure.`, said_relabelled: ({ n, count, label }) => `${count} ${plural(n, "object")} relabelled ${label}.`,
    undone: ({ n, count }) => `Taken back on ${count} ${plural(n, "object")}.`,
  },
  ja: {
    objects: "すべての帯の物体", order: "並び順", order_score: "スコアの低い順", order_similar: "似たものをまとめる", order_outliers: "ラベルに似ていない順", order_teach: "学習に役立つ順",
    teachHint: "判定が学習に最も役立つ物体を、少しずつ表示します。すべて判定すると、次の物体が表示されます。",
    learned: "直近 {count} 件の判定で下書きが変わりました。レビュー中の物体のうち、新たに非表示 {hidden} 個、再び表示 {shown} 個になります。",
    learnedNothing: "直近 {count} 件の判定では、しきい値をまたいで変わる物体はまだありません。",
    waiting: "ほかに {count} 個が、埋め込みを待っています。",
    empty: "レビューする物体は残っていません。",
    hint: "クリックで選択、Shift で範囲選択します。A は正しい、R は間違い、U は不明、1〜9 は正しいラベル、O は表示中の残りすべてが正しい、Z で取り消し、Enter で拡大。判定はすぐに保存され、間違い・不明の物体があるタスクは「要修正」に入ります。ラベルを変えた物体は、新しいラベルで承認されます。",
    right: "正しい", wrong: "間違い", unsure: "不明", relabel: "ラベル変更…", rest: "残りの {count} 個は正しい",
    selectShown: "表示中の {count} 個を選択", selectAll: "{count} 個すべてを選択", selectNone: "選択解除",
    said_right: "{count} 個を「正しい」にしました。", said_wrong: "{count} 個を「間違い」にしました。",
    said_unsure: "{count} 個を「不明」にしました。", said_relabelled: "{count} 個のラベルを {label} に変更しました。",
    undone: "{count} 個の判定を取り消しました。",
  },
};
