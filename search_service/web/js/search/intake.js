// Files that a person drops on the page or pastes into it: `take(file)` gets an image to search by, `takeFootage(files)`
// what is to be added to the project: videos, several files, and what is dropped where files are added.
import { around } from "../dom.js";
import { isVideo } from "../footage/seconds.js";
import { attempt } from "../messages.js";

/**
 * @param {{ root: HTMLElement, signal: AbortSignal, take: (file: File) => unknown,
 *   takeFootage: (files: File[]) => unknown }} given
 */
export function takeImages({ root, signal, take, takeFootage }) {
  /** @type {<Name extends keyof WindowEventMap>(name: Name, work: (event: WindowEventMap[Name]) => void) => void} */
  const listen = (name, work) => window.addEventListener(name, work, { signal });
  /** @param {DragEvent} event */
  const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  /** @param {boolean} on */
  const dropping = (on) => root.classList.toggle("dropping", on);

  listen("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    attempt(() => take(file));
  });
  listen("dragover", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    dropping(true);
  });
  listen("dragleave", (event) => {
    if (!event.relatedTarget) dropping(false);
  });
  listen("drop", (event) => {
    dropping(false);
    if (!holdsFile(event)) return;
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    const adds = around(event, ".footage") || files.length > 1 || isVideo(files[0]);
    attempt(() => (adds ? takeFootage(files) : take(files[0])));
  });
}
