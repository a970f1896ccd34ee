import { plural } from "./plural.js";

export default {
  en: {
    title: "Auto-annotate", label: "Labels", start: "Annotate selected", selected: ({ n }) => `${n} ${plural(n, "image")} selected`,
    noLabel: "Choose a label first.", nothing: "Select at least one image first.", run: "Run {id}: {labels}", cancel: "Cancel",
    progress: ({ state, done, n }) => `${state}: ${done} of ${n} ${plural(n, "task")} done`, failed: ", {failed} failed",
    queued: "queued", running: "running", done: "done", failed_state: "failed", cancelled: "cancelled",
  },
  ja: {
    title: "自動アノテーション", label: "ラベル", start: "選択した画像にアノテーション", selected: "{n} 枚を選択中",
    noLabel: "ラベルを選択してください。", nothing: "画像を 1 枚以上選択してください。", run: "実行 {id}: {labels}", cancel: "中止",
    progress: "{state}: {n} 件中 {done} 件完了", failed: "、{failed} 件失敗",
    queued: "待機中", running: "実行中", done: "完了", failed_state: "失敗", cancelled: "中止済み",
  },
};
