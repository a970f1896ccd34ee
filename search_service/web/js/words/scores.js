import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    title: "What scores mean", intro: "How often objects of a score were right when people looked. Only a certificate promises anything.",
    none: "Nobody has judged objects yet: scores are only scores.", label: "Label", score: "Score", outcomes: "Outcomes", looksLike: "Looks like", interval: "Interval (95 %)", range: "{from} to {to}",
    chance: "Chance by the curve", few: "too few", leftOut: ({ label, n, count }) => `${label}: ${count} ${plural(n, "object")} judged on the page ${plural(n, "does", "do")} not count yet: others with such scores were not looked at.`,
    sweep: "Thresholds", sweepIntro: "By sample {sample}: how much is kept from a threshold up, what was judged looks like, and what is certified.", sweepOfLabel: "{label}, by sample {sample}: how much is kept from a threshold up, what was judged looks like, and what is certified.",
    axis: "threshold", kept: "kept of the list", right: "looks like: right among those judged", judged: "judged", certified: "certified", notCertified: "not certified",
    chart: "From {edge} up: {kept} kept, {judged} judged, {state}.", noSweep: "No sample of the current predictions yet.",
    hints: "What corrections suggest", hint_relabelled: ({ label, other, n, count }) => `${label}: ${count} ${plural(n, "object")} relabelled ${other}. Choose prompts that tell the two apart.`,
    hint_raise_threshold: ({ label, n, count, spoilt, edge }) => `${label}: ${count} ${plural(n, "object")} below ${edge} ${plural(n, "was", "were")} wrong, ${spoilt} not. A threshold of ${edge} leaves them out.`,
    hint_lower_threshold: ({ label, n, count, spoilt, edge }) => `${label}: ${count} added ${plural(n, "object")} had been detected at ${edge} or more; ${spoilt} such detections were nothing. A threshold of ${edge} shows them.`,
  },
  ja: {
    title: "スコアの意味", intro: "人が確認したとき、そのスコアの物体がどれだけ正しかったか。約束するのは証明書だけです。",
    none: "まだ誰も物体を判定していません。スコアはただのスコアです。", label: "ラベル", score: "スコア", outcomes: "判定結果", looksLike: "見たところ", interval: "区間（95 %）", range: "{from} ～ {to}",
    chance: "曲線による値", few: "少なすぎる", leftOut: "{label}: ページで判定された {count} 個はまだ数えません。同じスコアのほかの物体が未確認です。",
    sweep: "しきい値", sweepIntro: "標本 {sample} による: しきい値以上で残る量、判定された物体の様子、証明されたもの。", sweepOfLabel: "{label}（標本 {sample} による）: しきい値以上で残る量、判定された物体の様子、証明されたもの。",
    axis: "しきい値", kept: "リストのうち残る割合", right: "見たところ: 判定のうち正しい割合", judged: "判定", certified: "証明済み", notCertified: "未証明",
    chart: "{edge} 以上: {kept} が残り、判定 {judged} 個、{state}。", noSweep: "現在の予測には標本がまだありません。",
    hints: "修正から分かること", hint_relabelled: "{label}: {count} 個が {other} に変更されました。両者を区別できるプロンプトにしてください。",
    hint_raise_threshold: "{label}: {edge} 未満の {count} 個が間違い、{spoilt} 個は間違いではありませんでした。しきい値を {edge} にすると除けます。",
    hint_lower_threshold: "{label}: 追加した物体のうち {count} 個は {edge} 以上で検出されていました（{spoilt} 個は何もなし）。しきい値を {edge} にすると表示されます。",
  },
};
