import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    title: "Add videos or images", drop: "Drop videos or images here. Videos are cut into frames.", choose: "Choose files",
    willDelete: "Up to {most} per file. Each file is deleted from the server after its import.", willKeep: "Up to {most} per file. Each file is kept on the server after its import, until you remove it.",
    fps: "Frames per second", changes: "Only when the picture changes", start: "Start upload", clear: "Clear",
    image: "{size} · image", unknown: "{size} · video of unknown length", goesOn: "{size} · continues where it stopped",
    video: ({ size, length, n, frames }) => `${size} · ${length} · about ${frames} ${plural(n, "frame")}`, videoMost: ({ size, length, n, frames }) => `${size} · ${length} · at most ${frames} ${plural(n, "frame")}`,
    tooLong: "{size} · {length} · about {frames} frames, more than the {most} allowed: take fewer per second",
    total: ({ n, frames }) => `About ${frames} ${plural(n, "image")} will be added.`, totalMost: ({ n, frames }) => `At most ${frames} ${plural(n, "image")} will be added.`,
    totalUnknown: ({ n, frames }) => `${n ? `At least ${frames} ${plural(n, "image")}` : "An unknown number of images"} will be added: a video does not say how long it is.`,
    empty: "“{name}” is empty. Copy it again from where it was recorded.", fileGone: "The file can no longer be read. Was it moved or changed? Choose it again.",
    turn: "Waits for its turn.", sending: "Uploading {share} of {size}.", waits: "Stopped at {share}, tries again by itself: {why}",
    interrupted: "Interrupted at {share}. Choose the same file again to continue.", queued: "Uploaded. Waits for its import.", later: "Waits and tries again: {why}",
    running: ({ share, n, imported }) => `Importing, ${share} done, ${imported} ${plural(n, "image")} added.`,
    done: ({ n, imported }) => `Done: ${imported} ${plural(n, "image")} added.`, skipped: "{skipped} were there already.", lost: "Not readable: {what}.",
    cancelled: ({ n, imported }) => (n ? `Cancelled. ${imported} ${plural(n, "image")} that ${n === 1 ? "was" : "were"} added before ${n === 1 ? "stays" : "stay"}.` : "Cancelled."),
    kept: "The file is kept on the server.", deleted: "The file was deleted from the server.",
    cancel: "Cancel", retry: "Retry", remove: "Remove", of: "{act}: {name}", frameOf: "Task {task} of {name}", more: "{n} more files.",
  },
  ja: {
    title: "動画または画像を追加", drop: "ここに動画や画像をドロップしてください。動画はフレームに分割されます。", choose: "ファイルを選択",
    willDelete: "1 ファイル {most} まで。取り込み後、ファイルはサーバーから削除されます。", willKeep: "1 ファイル {most} まで。取り込み後もファイルはサーバーに残ります（削除するまで）。",
    fps: "1 秒あたりのフレーム数", changes: "画面が変化したときだけ", start: "アップロードを開始", clear: "クリア",
    image: "{size} · 画像", unknown: "{size} · 長さ不明の動画", goesOn: "{size} · 中断した位置から再開",
    video: "{size} · {length} · 約 {frames} フレーム", videoMost: "{size} · {length} · 最大 {frames} フレーム",
    tooLong: "{size} · {length} · 約 {frames} フレーム。上限の {most} を超えています。1 秒あたりのフレーム数を減らしてください",
    total: "約 {frames} 枚の画像が追加されます。", totalMost: "最大 {frames} 枚の画像が追加されます。", totalUnknown: "長さが分からない動画があるため、追加される枚数は {frames} 枚以上になります。",
    empty: "「{name}」は空のファイルです。録画元からもう一度コピーしてください。", fileGone: "ファイルを読み込めなくなりました。移動または変更された可能性があります。もう一度選択してください。",
    turn: "順番を待っています。", sending: "{size} の {share} をアップロードしました。", waits: "{share} で停止中。自動的に再試行します: {why}",
    interrupted: "{share} で中断しました。同じファイルをもう一度選択すると再開します。", queued: "アップロード完了。取り込みを待っています。", later: "待機後に再試行します: {why}",
    running: "取り込み中: {share} 完了、{imported} 枚を追加", done: "完了: {imported} 枚の画像を追加しました。", skipped: "{skipped} 枚はすでにありました。", lost: "読み込めなかった部分: {what}",
    cancelled: "中止しました。それまでに追加された {imported} 枚の画像は残ります。", kept: "ファイルはサーバーに残っています。", deleted: "ファイルはサーバーから削除されました。",
    cancel: "中止", retry: "再試行", remove: "削除", of: "{act}: {name}", frameOf: "{name} のタスク {task}", more: "ほか {n} 件のファイル",
  },
};
