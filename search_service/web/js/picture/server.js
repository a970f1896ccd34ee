// What the server is asked while a picture is edited.
import { api } from "../api.js";

/**
 * @typedef {object} Base what is edited: the annotation that counts, else the prediction of the current recipe
 * @property {"annotated" | "predicted"} key
 * @property {Api.Region[]} objects
 * @property {object} names it for the server
 */

/** @param {Api.TaskDetails} known @returns {Base} */
export function baseOf({ annotations, predictions, model_version }) {
  const annotation = annotations.filter((one) => !one.cancelled).at(-1);
  if (annotation) {
    const { id, updated_at, objects } = annotation;
    return { key: "annotated", objects, names: { model_version, annotation: id, updated_at } };
  }
  const prediction = predictions.find((one) => one.current);
  const names = { model_version, prediction: prediction?.id ?? null };
  return { key: "predicted", objects: prediction?.objects ?? [], names };
}

/** @type {(project: number, task: number, signal: AbortSignal) => Promise<Api.TaskDetails>} */
export const details = (project, task, signal) => api(`/projects/${project}/tasks/${task}`, { signal });

/** @type {(project: number, task: number, json: object) => Promise<Api.Edited>} */
export const save = (project, task, json) =>
  api(`/projects/${project}/tasks/${task}/annotation`, { json, method: "PUT" });

/** @type {(edit: number) => Promise<{ task: number }>} */
export const undoSaved = (edit) => api(`/edits/${edit}/undo`, { json: {} });

/** @type {(project: number, task: number, json: object, signal: AbortSignal) => Promise<Api.Segment>} */
export const segment = (project, task, json, signal) =>
  api(`/projects/${project}/tasks/${task}/segment`, { json, signal });
