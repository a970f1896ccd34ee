import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    title: "Export", start: "Export", format: "Format", format_coco: "COCO", format_coco_hint: "One JSON file per split; boxes and masks.",
    format_yolo: "YOLO", format_yolo_hint: "One text file per image, plus data.yaml for training.",
    source: "What to export", source_annotations: "Only reviewed", source_annotations_hint: "What people accepted or drew.",
    source_both: "Reviewed, else predictions", source_both_hint: "What people accepted or drew, plus predictions for images that nobody has reviewed or skipped.",
    source_predictions: "Only predictions", source_predictions_hint: "What SAM 3 found with the current recipe, reviewed or not.",
    splits: "Splits", splits_none: "None", splits_none_hint: "All images together.", splits_two: "Train and val", splits_two_hint: "All frames of a video go to the same split.",
    splits_three: "Train, val and test", splits_three_hint: "All frames of a video go to the same split.", shares: "Shares",
    masks: "Outlines instead of boxes (segmentation)", images: "Copy the image files",
    preview: "Contents", counts: ({ n, images, k, objects }) => `${images} ${plural(n, "image")}, ${objects} ${plural(k, "object")}`,
    nothing_annotations: "Nothing has been reviewed yet: accept predictions on the Review screen, annotate in Label Studio, or export predictions.",
    nothing_both: "There is nothing yet: let SAM 3 annotate some images first, or annotate in Label Studio.",
    nothing_predictions: "There are no predictions yet: let SAM 3 annotate some images first.",
    split: ({ n, images, k, videos }) => `${images} ${plural(n, "image")} from ${videos} ${plural(k, "source")}`, emptySplit: ({ names, n, k, count }) => `${names} ${plural(n, "is", "are")} empty: each video goes to one split, and you have only ${count} ${plural(k, "video")}.`,
    withMasks: "outlines", withoutImages: "without image files", made: "Previous exports", none: "No exports from this page yet. Those of `argus export` go to a folder of your choice and are not listed here.", download: "Download ({size})", cancel: "Cancel", delete: "Delete", queued: "Waiting for a worker.", cancelled: "Cancelled.",
    running: "{written} of {total} images written", done: ({ n, images, k, objects }) => `${images} ${plural(n, "image")}, ${objects} ${plural(k, "object")}`, skipped: "{n} left out: {reason}",
  },
  ja: {
    title: "エクスポート", start: "エクスポート", format: "形式", format_coco: "COCO", format_coco_hint: "分割ごとに 1 つの JSON ファイル。ボックスとマスクを含みます。",
    format_yolo: "YOLO", format_yolo_hint: "画像ごとのテキストファイルと、学習用の data.yaml。",
    source: "対象", source_annotations: "レビュー済みのみ", source_annotations_hint: "承認または手作業で描かれたもの。",
    source_both: "レビュー済み、なければ予測", source_both_hint: "承認または手作業で描かれたもの。まだ誰もレビュー・スキップしていない画像は予測を使います。",
    source_predictions: "予測のみ", source_predictions_hint: "現在のレシピで SAM 3 が検出したもの（レビューの有無を問いません）。",
    splits: "分割", splits_none: "なし", splits_none_hint: "すべての画像をまとめます。", splits_two: "train と val", splits_two_hint: "同じ動画のフレームは同じ分割に入ります。",
    splits_three: "train、val、test", splits_three_hint: "同じ動画のフレームは同じ分割に入ります。", shares: "割合",
    masks: "ボックスの代わりに輪郭を出力（セグメンテーション）", images: "画像ファイルをコピー",
    preview: "エクスポートの内容", counts: "画像 {images} 枚、物体 {objects} 個",
    nothing_annotations: "レビュー済みのものがまだありません。レビュー画面で予測を承認するか、Label Studio でアノテーションするか、予測をエクスポートしてください。",
    nothing_both: "まだ何もありません。まず SAM 3 で自動アノテーションを実行するか、Label Studio でアノテーションしてください。",
    nothing_predictions: "予測がまだありません。まず SAM 3 で自動アノテーションを実行してください。",
    split: "画像 {images} 枚（{videos} 件の動画・画像）", emptySplit: "{names} が空です。同じ動画のフレームは同じ分割に入るため、動画が {count} 本では足りません。",
    made: "これまでのエクスポート", withMasks: "輪郭", withoutImages: "画像ファイルなし", none: "このページではまだエクスポートしていません。コマンド `argus export` は指定したフォルダーに書き出すため、ここには表示されません。", download: "ダウンロード（{size}）", cancel: "中止", delete: "削除", queued: "ワーカーの空きを待っています。", cancelled: "中止しました。",
    running: "{total} 枚中 {written} 枚を書き出し済み", done: "画像 {images} 枚、物体 {objects} 個", skipped: "{n} 件を除外: {reason}",
  },
};
