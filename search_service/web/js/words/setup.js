export default {
  en: { title: "Set-up and health", none: "No project is connected yet. Connect one: argus connect" },
  ja: { title: "設定と状態", none: "接続済みのプロジェクトがまだありません。argus connect で接続してください。" },
};
