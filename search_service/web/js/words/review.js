import { plural } from "./plural.js";

export default {
  en: {
    title: "Review", none: "There is nothing to review yet. Let SAM 3 annotate some images first.",
    high: "sure", medium: "look, then accept", low: "fix by hand", nothing_found: "nothing found", open: "Open in Label Studio",
    accept: "Accept all", confirm: "Accept every prediction with a score of {score} and above?",
    accepted: ({ regions, tasks }) => `Accepted ${regions} ${plural(regions, "region")} on ${tasks} ${plural(tasks, "task")}.`,
  },
  ja: {
    title: "レビュー", none: "レビューするものはまだありません。まず自動アノテーションを実行してください。",
    high: "確実", medium: "確認してから承認", low: "手作業で修正", nothing_found: "検出なし", open: "Label Studio で開く",
    accept: "すべて承認", confirm: "スコア {score} 以上の予測をすべて承認しますか？",
    accepted: "{tasks} 件のタスクで {regions} 個の領域を承認しました。",
  },
};
