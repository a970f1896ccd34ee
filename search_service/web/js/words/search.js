import { plural } from "./plural.js";

export default {
  en: {
    title: "Search", what: "What should be seen?", placeholder: "What should be seen?  cpu · red fan · cpu -fan",
    go: "Search", byImage: "By image", empty: "Type what should be seen.",
    hits: ({ n, shown, total, name }) => `${shown} ${plural(n, "hit")} of ${total} for “${name}”`,
    likely: "likely", maybe: "maybe", noise: "unlikely", likelyCount: "{n} likely", noneLikely: "none of them likely",
    approximate: "approximate", waiting: ({ n }) => `${n} ${plural(n, "image")} not embedded yet`,
    all: "Select all", none: "Select none", view: "Open as view", annotate: "Auto-annotate …",
    select: "Select task {task}", similar: "More like this", like: "like task {task}", more: "Show more", selection: "Selection",
    similarity: "Cosine similarity", chooseFirst: "Select at least one image first.",
  },
  ja: {
    title: "検索", what: "何を探しますか？", placeholder: "何を探しますか？  cpu · red fan · cpu -fan",
    go: "検索", byImage: "画像で検索", empty: "検索語を入力してください。",
    hits: "「{name}」の検索結果: {total} 件中 {shown} 件",
    likely: "確実", maybe: "候補", noise: "低い", likelyCount: "確実 {n} 件", noneLikely: "確実なものはありません",
    approximate: "近似検索", waiting: "{n} 枚は未処理",
    all: "すべて選択", none: "選択解除", view: "ビューとして開く", annotate: "自動アノテーション…",
    select: "タスク {task} を選択", similar: "似た画像を探す", like: "タスク {task} に似た画像", more: "さらに表示", selection: "選択",
    similarity: "コサイン類似度", chooseFirst: "画像を 1 枚以上選択してください。",
  },
};
