/**
 * Waits for the medium on behalf of many: who asks while it is being written shares the next writing, for the present one
 * may have begun too early. With nothing changed since the last that went well there is nothing to wait for.
 */
export class SharedCommit {
  readonly #commit: () => Promise<void>
  /** Counts changes; those before the medium is first asked are unknown, and count as one. */
  #changes = 1
  /** How many of them are on the medium. */
  #settled = 0
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  /** @param commit writes everything that was done before it was called */
  constructor(commit: () => Promise<void>) {
    this.#commit = commit
  }

  /** Something was changed, or will have been when this is called again. */
  touch(): void {
    this.#changes += 1
  }
  /** True while somebody waits. */
  get busy(): boolean {
    return this.#running !== undefined || this.#next !== undefined
  }
  /** Everything done so far is on the medium then. @throws as the commit does */
  run(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    if (this.#running === undefined) return this.#start()
    const start = (): Promise<void> => {
      this.#next = undefined
      return this.#start()
    }
    return (this.#next = this.#running.then(start, start))
  }

  async #start(): Promise<void> {
    const changes = this.#changes
    if (changes === this.#settled) return
    this.#running = this.#commit()
    try {
      await this.#running
      this.#settled = changes
    } finally {
      this.#running = undefined
    }
  }
}
