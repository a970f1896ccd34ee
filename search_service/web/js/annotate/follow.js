// A run's progress as it changes: server-sent events, and asking now and then where those do not come through.
import { api, isAbort, Problem, request } from "../api.js";
import { going } from "./history.js";

const POLL = 1500;

/** @typedef {(run: Api.Run) => void} Show */

// Calls `show(run)` until the run has ended or `signal` is aborted.
/** @param {number} id @param {Show} show @param {AbortSignal} signal */
export async function followRun(id, show, signal) {
  try {
    if (await listen(id, show, signal)) return;
  } catch (error) {
    if (isAbort(error)) return;
  }
  while (!signal.aborted) {
    try {
      /** @type {Api.Run} */
      const run = await api(`/runs/${id}`, { signal });
      show(run);
      if (!going(run)) return;
    } catch (error) {
      if (isAbort(error) || (error instanceof Problem && error.status === 404)) return; // anything else may pass: the server restarts
    }
    await new Promise((wake) => {
      setTimeout(wake, POLL);
    });
  }
}

// Not an EventSource: that one cannot carry a token. Resolves to whether the run has ended.
/** @param {number} id @param {Show} show @param {AbortSignal} signal */
async function listen(id, show, signal) {
  const { body } = await request(`/runs/${id}/events`, { signal });
  if (!body) return false;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return false;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts.filter((one) => one.startsWith("data: "))) {
      const run = JSON.parse(part.slice("data: ".length));
      show(run);
      if (!going(run)) {
        await reader.cancel();
        return true;
      }
    }
  }
}
