import { plural } from "./plural.js";

export default {
  en: {
    title: "Export", start: "Export", format: "Format", format_coco: "COCO", format_coco_hint: "One JSON file a split; boxes and masks.",
    format_yolo: "YOLO", format_yolo_hint: "A text file an image, and data.yaml for training.",
    source: "What", source_annotations: "Only reviewed", source_annotations_hint: "What people accepted or drew.",
    source_predictions: "Predictions", source_predictions_hint: "What SAM 3 found with the current recipe, reviewed or not.",
    splits: "Splits", splits_none: "None", splits_none_hint: "All images together.", splits_two: "Train and val", splits_two_hint: "The frames of one video stay together.",
    splits_three: "Train, val and test", splits_three_hint: "The frames of one video stay together.", shares: "Shares",
    masks: "Outlines instead of boxes (segmentation)", images: "Copy the image files",
    preview: "What it will hold", counts: ({ n, images, k, objects }) => `${images} ${plural(n, "image")}, ${objects} ${plural(k, "object")}`,
    nothing_annotations: "Nothing has been reviewed yet: accept predictions on the Review screen, annotate in Label Studio, or export predictions.",
    nothing_predictions: "There are no predictions yet: let SAM 3 annotate some images first.",
    split: ({ n, images, k, videos }) => `${images} ${plural(n, "image")} from ${videos} ${plural(k, "source")}`, emptySplit: "A split is empty: the frames of one video stay together, and there are too few videos.",
    made: "Made so far", none: "No export yet.", download: "Download ({size})", cancel: "Cancel", delete: "Delete", queued: "Waits for a worker.", cancelled: "Cancelled.",
    running: "{written} of {total} images written", done: ({ n, images, k, objects }) => `${images} ${plural(n, "image")}, ${objects} ${plural(k, "object")}`, skipped: "{n} left out: {reason}",
  },
  ja: {
    title: "エクスポート", start: "エクスポート", format: "形式", format_coco: "COCO", format_coco_hint: "分割ごとに 1 つの JSON ファイル。ボックスとマスクを含みます。",
    format_yolo: "YOLO", format_yolo_hint: "画像ごとのテキストファイルと、学習用の data.yaml。",
    source: "対象", source_annotations: "レビュー済みのみ", source_annotations_hint: "承認または手作業で描かれたもの。",
    source_predictions: "予測", source_predictions_hint: "現在のレシピで SAM 3 が検出したもの（レビューの有無を問いません）。",
    splits: "分割", splits_none: "なし", splits_none_hint: "すべての画像をまとめます。", splits_two: "train と val", splits_two_hint: "同じ動画のフレームは同じ分割に入ります。",
    splits_three: "train、val、test", splits_three_hint: "同じ動画のフレームは同じ分割に入ります。", shares: "割合",
    masks: "ボックスの代わりに輪郭を出力（セグメンテーション）", images: "画像ファイルをコピー",
    preview: "エクスポートの内容", counts: "画像 {images} 枚、物体 {objects} 個",
    nothing_annotations: "レビュー済みのものがまだありません。レビュー画面で予測を承認するか、Label Studio でアノテーションするか、予測をエクスポートしてください。",
    nothing_predictions: "予測がまだありません。まず SAM 3 で自動アノテーションを実行してください。",
    split: "画像 {images} 枚（{videos} 件の動画・画像）", emptySplit: "空の分割があります。同じ動画のフレームは分けられないため、動画の数が足りません。",
    made: "これまでのエクスポート", none: "エクスポートはまだありません。", download: "ダウンロード（{size}）", cancel: "中止", delete: "削除", queued: "ワーカーの空きを待っています。", cancelled: "中止しました。",
    running: "{total} 枚中 {written} 枚を書き出し済み", done: "画像 {images} 枚、物体 {objects} 個", skipped: "{n} 件を除外: {reason}",
  },
};
