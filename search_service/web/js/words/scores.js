import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    title: "What scores mean", intro: "How often objects of a score were right when people looked. Only a certificate promises anything.",
    none: "Nobody has judged objects yet: scores are only scores.", label: "Label", score: "Score", outcomes: "Outcomes", looksLike: "Looks like", interval: "Interval (95 %)", range: "{from} to {to}",
    chance: "Chance by the curve", few: "too few", leftOut: ({ label, n, count }) => `${label}: ${count} ${plural(n, "object")} judged on the page ${plural(n, "does", "do")} not count yet: others with such scores were not looked at.`,
    sweep: "Thresholds", sweepIntro: "By sample {sample}: how much is kept from a threshold up, what was judged looks like, and what is certified.",
    axis: "threshold", kept: "kept of the list", right: "looks like: right among those judged", judged: "judged", certified: "certified", notCertified: "not certified",
    chart: "From {edge} up: {kept} kept, {judged} judged, {state}.", noSweep: "No sample of the current predictions yet.",
  },
  ja: {
    title: "スコアの意味", intro: "人が確認したとき、そのスコアの物体がどれだけ正しかったか。約束するのは証明書だけです。",
    none: "まだ誰も物体を判定していません。スコアはただのスコアです。", label: "ラベル", score: "スコア", outcomes: "判定結果", looksLike: "見たところ", interval: "区間（95 %）", range: "{from} ～ {to}",
    chance: "曲線による値", few: "少なすぎる", leftOut: "{label}: ページで判定された {count} 個はまだ数えません。同じスコアのほかの物体が未確認です。",
    sweep: "しきい値", sweepIntro: "標本 {sample} による: しきい値以上で残る量、判定された物体の様子、証明されたもの。",
    axis: "しきい値", kept: "リストのうち残る割合", right: "見たところ: 判定のうち正しい割合", judged: "判定", certified: "証明済み", notCertified: "未証明",
    chart: "{edge} 以上: {kept} が残り、判定 {judged} 個、{state}。", noSweep: "現在の予測の標本はまだありません。",
  },
};
