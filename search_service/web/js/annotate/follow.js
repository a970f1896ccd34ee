// A run's progress as it changes: server-sent events, and asking now and then where those do not come through.
import { api, request } from "../api.js";

const POLL = 1500;
const over = (run) => !["queued", "running"].includes(run.state);

// Calls `show(run)` until the run has ended or `signal` is aborted.
export async function followRun(id, show, signal) {
  try {
    if (await listen(id, show, signal)) return;
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  while (!signal.aborted) {
    try {
      const run = await api(`/runs/${id}`, { signal });
      show(run);
      if (over(run)) return;
    } catch (error) {
      if (error.name === "AbortError" || error.status === 404) return; // anything else may pass: the server restarts
    }
    await new Promise((wake) => {
      setTimeout(wake, POLL);
    });
  }
}

// Not an EventSource: that one cannot carry a token. Resolves to whether the run has ended.
async function listen(id, show, signal) {
  const reader = (await request(`/runs/${id}/events`, { signal })).body
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return false;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts.filter((one) => one.startsWith("data: "))) {
      const run = JSON.parse(part.slice("data: ".length));
      show(run);
      if (over(run)) {
        await reader.cancel();
        return true;
      }
    }
  }
}
