/** Lets one piece of work after the other have its turn. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs the work once all that came before is done, and gives its result. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
