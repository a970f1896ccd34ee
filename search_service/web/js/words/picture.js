import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    title: "Large picture", frame: ({ task, n, count }) => `Task ${task}, ${count} ${plural(n, "object")}`, about: "About this picture",
    previous: "Previous image", next: "Next image", close: "Close", placeOf: "{at} of {n}", openTask: "Open the task in Label Studio",
    help: "Click an object, or press N for the next. Del deletes it, 1 to 9 change its label, arrow keys move it (Shift: right and bottom edges, Ctrl: left and top). B draws a box, S finds what you click on, Z undoes, Enter saves, Esc cancels.",
    helpLook: "← → go to the next image. Nothing is saved yet: once the run is done, the objects can be corrected in Review.",
    tools: "Edit the objects", label: "Label", delete: "Delete", draw: "Draw a box", click: "Click to segment", undo: "Undo", save: "Save", discard: "Cancel changes",
    hint_draw: "Draw a box around an object.", hint_click: "Click on an object: the model finds its edges.",
    finding: "Looking for the object …", foundNothing: "Nothing new was found there. Click elsewhere, or draw a box (B).", tooSmall: "Too small: drag from one corner of the object to the other.",
    notMovable: "Only an upright box has edges to move. Delete this object and draw it again.",
    deleted: "{label} deleted. Z brings it back.", relabelled: "Now labelled {label}.", added: "{label} added. 1 to 9 change its label.", discarded: "Changes cancelled. Z brings them back.",
    applied: ({ n, count }) => `${count} ${plural(n, "verdict")} applied to this picture. Enter saves, Z takes ${plural(n, "it", "them")} back.`,
    leave: "Your changes to this picture are not saved.", saving: "Saving …", undone: "The edit of task {task} was taken back.",
    saved: "Task {task} saved in Label Studio: {deleted} deleted, {relabelled} relabelled, {moved} moved, {added} added. Z takes it back.",
    regions: "Regions", predicted: "Predicted", annotated: "Annotated", noRegions: "Nothing was predicted or annotated on this image yet.",
    nothingShown: "No region to show.", mask: "mask", scoreFrom: "Score from", predictionScore: "Lowest score", modelVersion: "Model version", annotatedAt: "Annotated",
    enlarge: "Task {task}: large picture",
  },
  ja: {
    title: "拡大画像", frame: "タスク {task}、物体 {count} 個", about: "この画像の情報",
    previous: "前の画像", next: "次の画像", close: "閉じる", placeOf: "{n} 枚中 {at} 枚目", openTask: "Label Studio でタスクを開く",
    help: "物体をクリックするか N で次を選択。Del で削除、1〜9 でラベル変更、矢印キーで移動（Shift: 右と下の辺、Ctrl: 左と上の辺）。B で枠を描画、S でクリックした物体を検出、Z で元に戻す、Enter で保存、Esc でキャンセル。",
    helpLook: "← → で次の画像へ。まだ何も保存されていません。実行が終わると、レビューで修正できます。",
    tools: "物体の編集", label: "ラベル", delete: "削除", draw: "枠を描く", click: "クリックで検出", undo: "元に戻す", save: "保存", discard: "変更をキャンセル",
    hint_draw: "物体を囲む枠を描いてください。", hint_click: "物体をクリックすると、モデルが輪郭を検出します。",
    finding: "物体を検出中…", foundNothing: "新しい物体は見つかりませんでした。別の場所をクリックするか、枠を描いてください（B）。", tooSmall: "小さすぎます。物体の角から反対の角までドラッグしてください。",
    notMovable: "辺を動かせるのは傾いていない枠だけです。この物体を削除して描き直してください。",
    deleted: "{label} を削除しました。Z で元に戻せます。", relabelled: "ラベルを {label} に変更しました。", added: "{label} を追加しました。1〜9 でラベルを変更できます。", discarded: "変更をキャンセルしました。Z で元に戻せます。",
    applied: "判定 {count} 件をこの画像に反映しました。Enter で保存、Z で元に戻せます。",
    leave: "この画像の変更は保存されていません。", saving: "保存中…", undone: "タスク {task} の編集を取り消しました。",
    saved: "タスク {task} を Label Studio に保存しました（削除 {deleted}、ラベル変更 {relabelled}、移動 {moved}、追加 {added}）。Z で取り消せます。",
    regions: "領域", predicted: "予測", annotated: "アノテーション", noRegions: "この画像にはまだ予測もアノテーションもありません。",
    nothingShown: "表示する領域はありません。", mask: "マスク", scoreFrom: "スコアの下限", predictionScore: "最低スコア", modelVersion: "モデルバージョン", annotatedAt: "アノテーション日時",
    enlarge: "タスク {task} を拡大",
  },
};
