/** Has one thing happen at a time for each name. */
export class Locks {
  #last = new Map(); // by name, what is to be waited for

  /** Does work when what was begun for the name before has ended. */
  async run(name, work) {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work);
    const ended = done.then(() => {}, () => {});
    this.#last.set(name, ended);
    try {
      return await done;
    } finally {
      if (this.#last.get(name) === ended) this.#last.delete(name);
    }
  }
}
