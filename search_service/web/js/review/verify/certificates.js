// Certificates: what they promise, their state, the file, and how it is checked without any server.
import { request } from "../../api.js";
import { h } from "../../dom.js";
import { t, when } from "../../i18n.js";
import { actionButton } from "../../messages.js";
import { edgeText, ofFrames, promise } from "./telling.js";

/** @param {Api.CertificateSummary} certificate */
export const fileOf = ({ sample, edge, digest }) => `certificate-${sample}-${edge}-${digest.slice(0, 8)}.json`;

// The file byte by byte as the service wrote it: its digest is of its numbers as they stand there.
/** @param {Api.CertificateSummary} certificate */
async function download(certificate) {
  const answer = await request(`/trust/certificates/${certificate.id}`);
  const url = URL.createObjectURL(await answer.blob());
  h("a", { href: url, download: fileOf(certificate) }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {Api.CertificateSummary} certificate @param {Attributes} attributes */
export const downloadButton = (certificate, attributes = {}) =>
  actionButton(t("verify.download"), () => download(certificate), attributes);

/** @param {Api.CertificateSummary} certificate */
export const checkHint = (certificate) =>
  h("p", { class: "muted" }, t("verify.check"), " ", h("code", {}, `argus trust check ${fileOf(certificate)}`));

/** @param {Api.CertificateSummary[]} certificates */
export function certificateList(certificates) {
  if (!certificates.length) return h("p", { class: "muted" }, t("verify.noCertificates"));
  const valid = certificates.filter(({ state }) => state === "valid").length;
  const list = h("ul", { class: "acceptances certificates" }, certificates.map(row));
  return h("div", {}, list, valid > 1 && h("p", { class: "muted" }, t("verify.eachByItself")));
}

/** @param {Api.CertificateSummary} certificate */
function row(certificate) {
  const { id, state, reason, edge, issued_at, sample } = certificate;
  const from = ofFrames(certificate) ? [] : [t("verify.from", { edge: edgeText(edge) })];
  const facts = [...from, t("verify.sample", { id: sample }), when(issued_at)];
  const valid = state === "valid";
  return h(
    "li",
    { "data-certificate": id },
    h("span", { class: `state ${valid ? "done" : "failed"}` }, t(`verify.certificate_${state}`)),
    h(
      "span",
      { class: "grow" },
      valid ? promise(certificate) : state === "void" ? voidText(reason) : t("verify.certificateRefuted", { reason }),
      h("br"),
      h("span", { class: "muted" }, facts.join(" · ")),
    ),
    valid && downloadButton(certificate),
  );
}

// What the service gives as the reason is a sentence in English.
/** @param {string} reason */
const voidText = (reason) => t("verify.certificateVoid", { reason });
