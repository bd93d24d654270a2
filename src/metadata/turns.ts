/** Runs work in turns by name: work with the same name runs one after another, in order of arrival. */
export class Turns {
  /** The last work of each name, until it has ended. */
  readonly #last = new Map<string, Promise<unknown>>()

  /** Whether no work is running. */
  get isIdle(): boolean {
    return this.#last.size === 0
  }

  isTaken(name: string): boolean {
    return this.#last.has(name)
  }

  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work)
    const ended: Promise<void> = done.then(
      () => this.#end(name, ended),
      () => this.#end(name, ended),
    )
    this.#last.set(name, ended)
    return done
  }

  #end(name: string, ended: Promise<unknown>): void {
    if (this.#last.get(name) === ended) this.#last.delete(name)
  }
}
