import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    like: "Label everything like this", label: "Label", yes: "Add",
    ask: ({ n, count }) => `Look for everything like ${n === 1 ? "this region" : `these ${count} regions`}. Which label does it get?`,
    note: "A label takes up to 5 regions. They are looked for instead of the label's words, from the next run on.",
    added: ({ n, count, label }) => `${count} ${plural(n, "reference")} added to ${label}. Start a run in Auto-annotate: it finds everything like ${plural(n, "it", "them")}.`,
    endsSamples: "This ends the open samples of Verify & accept. Go on?",
    references: "References of the label {label}", by: "Looked for by these regions: the words find candidates, and the score says how alike they are.",
    ofTask: "Reference from task {task}", remove: "Remove the reference from task {task}", removed: "Reference removed.",
  },
  ja: {
    like: "これと似たものすべてにラベルを付ける", label: "ラベル", yes: "追加",
    ask: ({ n, count }) => (n === 1 ? "この領域と似たものをすべて探します。どのラベルを付けますか？" : `これら ${count} 個の領域と似たものをすべて探します。どのラベルを付けますか？`),
    note: "領域は 1 つのラベルに 5 個までです。次の実行から、ラベルの言葉の代わりに使われます。",
    added: ({ count, label }) => `参照領域 ${count} 個を ${label} に追加しました。「自動アノテーション」で実行すると、似たものがすべて見つかります。`,
    endsSamples: "「検証」の進行中の標本が終了します。続けますか？",
    references: "ラベル {label} の参照領域", by: "これらの領域で探します。言葉で候補を見つけ、スコアは似ている度合いを示します。",
    ofTask: "タスク {task} の参照領域", remove: "タスク {task} の参照領域を削除", removed: "参照領域を削除しました。",
  },
};
