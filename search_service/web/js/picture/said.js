// The line under a picture that tells what was done, or why not.
import { h, prose, put } from "../dom.js";

export class Said {
  root = h("p", { class: "said", role: "status" });

  /** @param {string} text @param {boolean} [bad] */
  tell(text, bad = false) {
    this.root.className = bad ? "said bad" : "said";
    put(this.root, prose(text));
  }

  /** @param {unknown} error */
  fail(error) {
    this.tell(error instanceof Error ? error.message : String(error), true);
    if (!(error instanceof Error)) console.error(error);
  }
}
