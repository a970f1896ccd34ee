import { plural } from "./plural.js";

/** @type {import("../i18n.js").Words} */
export default {
  en: {
    skip: "Skip to the content", screens: "Screens", project: "Project", labelStudio: "Label Studio",
    language: "Language", theme: "Theme: {theme}", system: "system", light: "light", dark: "dark",
    help: "Help for this screen",
    search: "Search", annotate: "Auto-annotate", review: "Review", export: "Export", setup: "Set-up",
    sync: ({ embedded, n, seen }) => `${embedded} of ${seen} ${plural(n, "image")} embedded`,
    syncFailed: ", {failed} failed",
    ok: "OK", cancel: "Cancel", close: "Close",
    token: "This server asks for its API token.", tokenWrong: "That token was refused. Try again.",
    signIn: "Sign in", signOut: "Sign out", signInTitle: "Sign in with your Label Studio token", signedIn: "Signed in as {name}", personWrong: "Label Studio no longer accepts that token.",
    personText: "Enter your personal access token from Label Studio (Account & Settings). The page then acts as you: with your permissions and in your name. The token stays in this tab; the server does not store it.",
    unreachable: "The search service is not answering. Is it running?", answered: "The server answered {status}.",
    broken: "Something went wrong in the page: {error}",
    task: "Task {task}", loading: "Loading …", missing: "missing from Label Studio",
    andMore: ({ names, n }) => `${names} and ${n} more`,
  },
  ja: {
    skip: "本文へ移動", screens: "画面", project: "プロジェクト", labelStudio: "Label Studio",
    language: "言語", theme: "テーマ: {theme}", system: "システムに合わせる", light: "ライト", dark: "ダーク",
    help: "この画面のヘルプ（英語）",
    search: "検索", annotate: "自動アノテーション", review: "レビュー", export: "エクスポート", setup: "設定",
    sync: "画像 {seen} 枚中 {embedded} 枚を埋め込み済み",
    syncFailed: "、{failed} 枚は失敗",
    ok: "OK", cancel: "キャンセル", close: "閉じる",
    token: "このサーバーには API トークンが必要です。", tokenWrong: "トークンが拒否されました。もう一度入力してください。",
    signIn: "サインイン", signOut: "サインアウト", signInTitle: "Label Studio のトークンでサインイン", signedIn: "{name} としてサインイン中", personWrong: "このトークンは Label Studio で無効になっています。",
    personText: "Label Studio の個人アクセストークン（Account & Settings）を入力すると、この画面の操作はすべてあなたの権限と名前で行われます。トークンはこのタブだけに残り、サーバーには保存しません。",
    unreachable: "検索サービスが応答しません。起動しているか確認してください。", answered: "サーバーがエラー {status} を返しました。",
    broken: "ページでエラーが発生しました: {error}",
    task: "タスク {task}", loading: "読み込み中…", missing: "Label Studio にありません",
    andMore: "{names} ほか {n} 件",
  },
};
