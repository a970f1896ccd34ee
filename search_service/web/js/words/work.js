import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    title: "Work", actions: ({ total, done, n, objects, each }) => `${total} ${plural(done, "action")} so far, ${objects} ${plural(n, "object")} accepted, ${each} actions each.`, actionsOnly: ({ n, total }) => `${total} ${plural(n, "action")} so far. Nothing is accepted yet.`,
    share: "New tasks labelled without predictions", off: "none", shareHint: "Minutes can only be told by comparing: tasks drawn at random are labelled by hand, without predictions, and their time is compared with the others'. Switched off, they are predicted as the others.",
    waiting: ({ n, count }) => `${count} ${plural(n, "task")} ${plural(n, "waits", "wait")} to be labelled without predictions.`, open: "Open in Label Studio",
    timed: ({ w, o, least }) => `Timed so far: ${w} with predictions, ${o} without. Minutes are told from ${least} of each.`,
    ratio: "A task with predictions takes {ratio} (95 % interval {low} to {high}) of the {seconds} s that it takes without, by {w} and {o} tasks.",
    saved: "About {minutes} min saved on the tasks with predictions.", lost: "About {minutes} min lost on the tasks with predictions.", noDifference: "No difference is shown yet.",
    runLeftOut: ({ n, count }) => `${count} ${plural(n, "task")} left out, to be labelled without predictions`,
  },
  ja: {
    title: "作業", actions: "これまでの操作 {total} 回、承認した物体 {objects} 個、1 個あたり {each} 回。", actionsOnly: "これまでの操作 {total} 回。承認したものはまだありません。",
    share: "予測なしでラベル付けする新しいタスク", off: "なし", shareHint: "時間は、比べて初めて分かります。無作為に選んだタスクを予測なしで手作業でラベル付けし、ほかのタスクと時間を比べます。オフにすると、ほかと同じように予測します。",
    waiting: "予測なしのラベル付けを待つタスクが {count} 件あります。", open: "Label Studio で開く",
    timed: "計測済み: 予測あり {w} 件、予測なし {o} 件。それぞれ {least} 件から時間を表示します。",
    ratio: "予測ありのタスクは、予測なしの {seconds} 秒の {ratio} 倍の時間です（95 % 区間 {low} ～ {high}、{w} 件と {o} 件）。",
    saved: "予測ありのタスクで約 {minutes} 分の節約。", lost: "予測ありのタスクで約 {minutes} 分の損失。", noDifference: "差はまだ示されていません。",
    runLeftOut: "予測なしでラベル付けするため除いたタスク {count} 件",
  },
};
