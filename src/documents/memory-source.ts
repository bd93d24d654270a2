/** A document in the memory of one process. */
import { SerialQueue } from '#lib/async/serial-queue.ts'
import type { DocumentSource } from './source.ts'

export class MemorySource implements DocumentSource {
  readonly place: string
  #text: string | undefined
  #writes = 0
  readonly #queue = new SerialQueue()

  constructor(name: string) {
    this.place = name
  }

  async open(): Promise<boolean> {
    return this.#text !== undefined
  }

  inherited(): undefined {}

  stamp(): string {
    return this.#text === undefined ? '' : String(this.#writes)
  }

  read(): string {
    return this.#text ?? ''
  }

  async replace(text: string, onStamp: (stamp: string) => void): Promise<void> {
    onStamp(String(this.#writes + 1))
    this.#writes++
    this.#text = text
  }

  // Only this program writes the document: it has no older form and is always valid.
  async keepCopy(): Promise<void> {}
  readLastGood(): string | undefined {
    return undefined
  }
  keepLastGood(): void {}

  exclusively<R>(work: () => Promise<R>): Promise<R> {
    return this.#queue.run(work)
  }

  watch(): { close(): Promise<void> } {
    return { close: async () => {} }
  }
}
