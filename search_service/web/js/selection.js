// The tasks a person has chosen, in one project. Search fills it, auto-annotate takes it; a reload keeps it.
/** @param {number} project */
const key = (project) => `argus-selection-${project}`;

export class Selection extends EventTarget {
  /** @param {number} project */
  constructor(project) {
    super();
    this.project = project;
    /** @type {Set<number>} */
    this.tasks = new Set(JSON.parse(sessionStorage.getItem(key(project)) ?? "[]"));
  }

  /** @param {number} task */
  has(task) {
    return this.tasks.has(task);
  }
  get size() {
    return this.tasks.size;
  }
  list() {
    return [...this.tasks];
  }

  /** @param {number[]} tasks */
  set(tasks, on = true) {
    for (const task of tasks) {
      if (on) this.tasks.add(task);
      else this.tasks.delete(task);
    }
    this.#changed();
  }

  /** @param {number[]} tasks */
  replace(tasks) {
    this.tasks = new Set(tasks);
    this.#changed();
  }

  #changed() {
    try {
      sessionStorage.setItem(key(this.project), JSON.stringify(this.list()));
    } catch {
      /* a full store: this tab still has it */
    }
    this.dispatchEvent(new Event("change"));
  }
}
