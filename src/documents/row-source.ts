/**
 * A document in two rows of the index: its stamp and its text. Several nodes share it. Readers use the memory of this
 * process, which DocumentRows updates. A write compares the stamp and replaces both rows in one commit.
 */
import { readFileSync } from 'node:fs'
import { SerialQueue } from '#lib/async/serial-queue.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { ApiError } from '#model/errors.ts'
import type { DocumentText, KnownText } from './document-text.ts'
import type { DocumentName, DocumentSource } from './source.ts'

/** The part of DocumentRows that a source uses. */
export interface RowAccess {
  readonly clock: Clock
  /** The text that this process knows. */
  known(name: string): KnownText | undefined
  /** Reads the text again. */
  read(name: string): Promise<KnownText | undefined>
  /** Undefined if the document has changed since `before`. */
  replace(name: string, before: KnownText | undefined, next: DocumentText): Promise<KnownText | undefined>
  keepCopy(name: string, suffix: string): Promise<void>
  watch(name: string, onChange: () => void): () => void
}

/** Another process has written the document since it was read. */
class Overtaken extends Error {}

const attemptsMax = 50
const waitMaxMs = 20

export class RowSource implements DocumentSource {
  readonly place: string
  readonly #rows: RowAccess
  readonly #formerPath: string
  readonly #queue = new SerialQueue()
  #before: KnownText | undefined

  constructor({ name, path }: DocumentName, rows: RowAccess) {
    this.place = name
    this.#formerPath = path
    this.#rows = rows
  }

  async open(): Promise<boolean> {
    return (await this.#rows.read(this.place)) !== undefined
  }

  inherited(): string | undefined {
    try {
      return readFileSync(this.#formerPath, 'utf8')
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  }

  stamp(): string {
    return this.#rows.known(this.place)?.stamp ?? ''
  }

  read(): string {
    return this.#rows.known(this.place)?.text ?? ''
  }

  /** Call it only within `exclusively`. */
  async replace(text: string, onStamp: (stamp: string) => void): Promise<void> {
    const replaced = await this.#rows.replace(this.place, this.#before, { text, onStamp })
    if (replaced === undefined) throw new Overtaken()
  }

  keepCopy(suffix: string): Promise<void> {
    return this.#rows.keepCopy(this.place, suffix)
  }

  // Only valid texts are written. If this program cannot read a row, a later version wrote it, and it must stay.
  readLastGood(): undefined {}
  keepLastGood(): void {}

  exclusively<R>(work: () => Promise<R>): Promise<R> {
    return this.#queue.run(() => this.#untilFirst(work))
  }

  watch(onChange: () => void): { close(): Promise<void> } {
    const end = this.#rows.watch(this.place, onChange)
    return { close: async () => end() }
  }

  async #untilFirst<R>(work: () => Promise<R>): Promise<R> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      // Nothing runs between this line and the first read in `work`.
      this.#before = await this.#rows.read(this.place)
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error
      }
      await sleep(this.#rows.clock, Math.random() * waitMaxMs * Math.min(attempt, 10))
    }
    throw new ApiError('OperationAborted')
  }
}
