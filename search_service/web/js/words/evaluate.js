import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    title: "Evaluate", hint: "Judge a model version's predictions by what people annotated.", on: "Images", on_test: "Test set", on_val: "Split val", on_train: "Split train", on_all: "All annotated images",
    version: "Model version", current: "The project's own", against: "Compare with", nobody: "Nothing", go: "Evaluate", working: "Reading annotations and predictions.", queued: "Waiting for a worker.", later: "Waits and tries again: {why}", reading: "{read} of {total} images read.", cancel: "Cancel", made: "{version}, evaluated {when}",
    images: ({ n, images, k, objects }) => `${images} annotated ${plural(n, "image")}, ${objects} ${plural(k, "object")}`, locked_all: "the test set is locked", locked_none: "the test set is not locked", locked_some: "{locked} of them locked",
    noObjects: "No object is annotated on these images, so there is no AP: every detection is false.",
    withoutPrediction: ({ n, images, version }) => `${version} has no prediction on ${images} ${plural(n, "image")}: nothing counts as found there.`,
    withoutScore: ({ n, count, version }) => `${count} ${plural(n, "detection")} of ${version} without a score: counted as 1.`,
    accepted: ({ n, accepted, objects }) => `${accepted} of ${objects} ${plural(n, "object")} are predictions that were accepted as they were: they favour the model that made them.`,
    difference: "AP50 of {one} less that of {other}: {by}, 95 % interval {low} to {high}.", same: "0 is inside: there may be no difference.", differs: "0 is outside.",
    interval: "AP50 of {version}: 95 % interval {low} to {high}.", drawn_videos: "Intervals: {resamples} resamples of {units} videos, seed {seed}.", drawn_blocks: "Intervals: {resamples} resamples of {units} blocks of time, seed {seed}; over new videos they would be wider.",
    leftOut: "{n} left out: {reason}", figures: "Figures", label: "Label", objects: "Objects", detections: "Detections", ap50: "AP50", ap: "AP50:95", ar: "AR", all: "All", size_small: "Small objects", size_medium: "Medium objects", size_large: "Large objects", outlines: "Outlines",
    confusion: "Confusions", annotated: "Annotated", missed: "missed", false: "false", confusionHint: "A row for each label as annotated, a column for each label as the model said it, for boxes scored {score} or more.",
    calibration: "Calibration", calibrationHint: "How many of the detections of a score are right. On the line, a score says how often the model is right.", bin: ({ n, count, low, high, share }) => `Scored ${low} to ${high}: ${count} ${plural(n, "detection")}, ${share} right`, score: "Score", right: "Right",
    false_positives: ({ n, count }) => `${count} false ${plural(n, "positive")}`, misses: ({ n, count }) => `${count} ${plural(n, "miss", "misses")}`, confusions: ({ n, count }) => `${count} ${plural(n, "confusion")}`,
    false_positives_view: "False positives of {version} on {on}", misses_view: "Misses of {version} on {on}", confusions_view: "Confusions of {version} on {on}", none: "None.", openView: ({ n, images }) => `Open ${images} ${plural(n, "image")} as view`, first: "The first {n}:", instead: "{label}, annotated as {annotated}",
  },
  ja: {
    title: "評価", hint: "モデルバージョンの予測を、人のアノテーションと比べて評価します。", on: "対象の画像", on_test: "テストセット", on_val: "分割 val", on_train: "分割 train", on_all: "アノテーション済みのすべての画像",
    version: "モデルバージョン", current: "プロジェクトの現在のもの", against: "比較する相手", nobody: "なし", go: "評価", working: "アノテーションと予測を読み込んでいます。", queued: "ワーカーを待っています。", later: "待機後に再試行します: {why}", reading: "{total} 枚中 {read} 枚を読み込みました。", cancel: "中止", made: "{version}（{when} に評価）",
    images: "アノテーション済みの画像 {images} 枚、物体 {objects} 個", locked_all: "テストセットは固定済み", locked_none: "テストセットは未固定", locked_some: "うち {locked} 枚が固定済み",
    noObjects: "これらの画像には物体のアノテーションがないため AP はありません。検出はすべて誤検出です。",
    withoutPrediction: "{version} の予測がない画像 {images} 枚では、何も検出されなかったものとして数えます。",
    withoutScore: "{version} のスコアのない検出 {count} 個は、スコア 1 として数えます。",
    accepted: "物体 {objects} 個のうち {accepted} 個は、予測をそのまま承認したものです。その予測を出したモデルに有利になります。",
    difference: "AP50 の差（{one} − {other}）：{by}、95 % 区間 {low}～{high}。", same: "区間に 0 を含むため、差がない可能性があります。", differs: "区間に 0 を含みません。",
    interval: "{version} の AP50：95 % 区間 {low}～{high}。", drawn_videos: "区間：{units} 本の動画を {resamples} 回再抽出（シード {seed}）。", drawn_blocks: "区間：{units} 個の時間ブロックを {resamples} 回再抽出（シード {seed}）。新しい動画での区間はこれより広くなります。",
    leftOut: "{n} 件を除外: {reason}", figures: "評価値", label: "ラベル", objects: "物体", detections: "検出", ap50: "AP50", ap: "AP50:95", ar: "AR", all: "全体", size_small: "小さい物体", size_medium: "中くらいの物体", size_large: "大きい物体", outlines: "輪郭",
    confusion: "混同行列", annotated: "アノテーション", missed: "見逃し", false: "誤検出", confusionHint: "行は人が付けたラベル、列はモデルが付けたラベルです。スコア {score} 以上のボックスを数えます。",
    calibration: "キャリブレーション", calibrationHint: "各スコアの検出のうち正しかった割合です。線上にあれば、スコアは正しい確率と一致します。", bin: "スコア {low}～{high}：検出 {count} 個、正解 {share}", score: "スコア", right: "正解",
    false_positives: "誤検出 {count} 個", misses: "見逃し {count} 個", confusions: "混同 {count} 個",
    false_positives_view: "{version} の誤検出（{on}）", misses_view: "{version} の見逃し（{on}）", confusions_view: "{version} の混同（{on}）", none: "ありません。", openView: "画像 {images} 枚をビューで開く", first: "最初の {n} 個：", instead: "{label}（アノテーションは {annotated}）",
  },
};
