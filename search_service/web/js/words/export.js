export default {
  en: { title: "Export", format: "Format", start: "Export" },
  ja: { title: "エクスポート", format: "形式", start: "エクスポート" },
};
