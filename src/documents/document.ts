/**
 * A JSON document that all processes share. People may edit it if it is a file. An invalid text never takes effect: the
 * last valid state stays in force. For a file, that state is also stored in a second file (last-good.ts), for processes
 * that start meanwhile. A write replaces the newest text atomically (source.ts).
 */
import { basename } from 'node:path'
import { currentTurn } from '#lib/async/turn.ts'
import { isVolumeFull } from '#lib/files/disk-reserve.ts'
import { ApiError } from '#model/errors.ts'
import { FileSource } from './file-source.ts'
import { type DocumentPath, DocumentProblem, problemAt } from './json-source.ts'
import { lastGoodPath } from './last-good.ts'
import { type DocumentShape, formatDocument, parseDocument, refuseMistakes } from './parse-document.ts'
import type { DocumentName, DocumentSource, DocumentSources } from './source.ts'

export interface DocumentLog {
  error(fields: object, message: string): void
  info(fields: object, message: string): void
}

export interface DocumentOptions<T> extends DocumentName, DocumentShape<T> {
  /** Where it is stored; in a file unless given. */
  readonly sources?: DocumentSources | undefined
  readonly initial: () => T
  readonly log: DocumentLog
}

export class Document<T> {
  readonly #options: DocumentOptions<T>
  readonly #source: DocumentSource
  #current: T
  #stamp = ''
  #lookedIn = -1
  /** The problem of the text that was read last. */
  #problem: DocumentProblem | undefined
  /** Why the file cannot be read at present. */
  #unreadable: DocumentProblem | undefined
  #isOlder = false
  /** The text that this process has written or is about to write. */
  #written: { readonly stamp: string; readonly value: T } | undefined
  #watcher: { close(): Promise<void> } | undefined

  private constructor(options: DocumentOptions<T>) {
    this.#options = options
    const { name, path, sources = (file: DocumentName) => new FileSource(file.path) } = options
    this.#source = sources({ name, path })
    this.#current = options.initial()
  }

  static async open<T>(options: DocumentOptions<T>): Promise<Document<T>> {
    const document = new Document(options)
    if (!(await document.#source.open())) await document.#begin()
    document.#load()
    if (document.problem !== undefined) document.#takeLastGood(document.problem)
    document.#watcher = document.#source.watch(() => document.#load())
    return document
  }

  /** The last valid state. Compares the stamp of the file, so that it notices other processes at once. */
  get current(): T {
    const turn = currentTurn()
    if (turn !== this.#lookedIn) {
      this.#lookedIn = turn
      this.#load()
    }
    return this.#current
  }

  /** Why the present file is not in force; undefined if it is. */
  get problem(): DocumentProblem | undefined {
    return this.#unreadable ?? this.#problem
  }

  get path(): string {
    return this.#source.place
  }

  /** A problem in the present file that appears only in use. */
  problemAt(path: DocumentPath, message: string): DocumentProblem {
    return problemAt(this.#source.stamp() === '' ? '' : this.#source.read(), path, message)
  }

  /**
   * `change` may alter the copy that it gets. If it throws, nothing is written. Throws ServiceUnavailable while the
   * file is invalid.
   */
  async update(change: (value: T) => T): Promise<T> {
    try {
      return await this.#source.exclusively(() => this.#change(change))
    } catch (error) {
      throw isVolumeFull(error) ? noSpace(error) : error
    }
  }

  async close(): Promise<void> {
    await this.#watcher?.close()
  }

  /** Writes the text of an earlier place, or the initial state. Throws if the earlier text is invalid. */
  async #begin(): Promise<void> {
    const text = this.#source.inherited()
    if (text !== undefined) this.#current = this.#parseOrRefuse(text, this.#options.path)
    await this.update((value) => value)
  }

  #parseOrRefuse(text: string, path: string): T {
    try {
      return parseDocument(this.#options, text).value
    } catch (error) {
      throw error instanceof DocumentProblem ? startError(path, error) : error
    }
  }

  async #change(change: (value: T) => T): Promise<T> {
    const { schema, older } = this.#options
    this.#load()
    if (this.problem !== undefined) throw unusable(this.path)
    const value = schema.parse(change(schema.parse(this.#current)))
    const text = formatDocument(value)
    refuseMistakes(this.#options, value, text)
    if (this.#isOlder) await this.#source.keepCopy(`.${older?.name}.bak`)
    await this.#source.replace(text, (stamp) => {
      this.#written = { stamp, value }
    })
    this.#source.keepLastGood(text)
    this.#load()
    return value
  }

  /** Used when a process starts with an invalid file. Throws its problem if there is no last valid state. */
  #takeLastGood(problem: DocumentProblem): void {
    const { path } = this
    const { log } = this.#options
    const text = this.#source.readLastGood()
    if (text === undefined) throw startError(path, problem)
    try {
      this.#current = this.#parse(text)
    } catch {
      throw startError(path, problem)
    }
    log.error({ path, lastGood: lastGoodPath(path) }, 'started with the last valid state of the document')
  }

  #load(): void {
    let text: string | undefined
    try {
      const stamp = this.#source.stamp()
      if (stamp !== this.#stamp && stamp !== '') {
        // This process wrote this text: no need to read it.
        if (stamp === this.#written?.stamp) {
          this.#current = this.#written.value
          this.#isOlder = false
        } else text = this.#source.read()
        this.#stamp = stamp
      }
      this.#unreadable = undefined
    } catch (error) {
      this.#cannotBeRead(error)
      return
    }
    if (text !== undefined) this.#take(text)
  }

  #take(text: string): void {
    const { path } = this
    const { log } = this.#options
    try {
      this.#current = this.#parse(text)
      this.#source.keepLastGood(text)
      if (this.#problem !== undefined) log.info({ path }, 'the document is valid again')
      this.#problem = undefined
    } catch (error) {
      const problem = error instanceof DocumentProblem ? error : new DocumentProblem(String(error))
      this.#problem = problem
      const where = { path, line: problem.line, at: problem.path, problem: problem.message }
      log.error(where, 'the document is invalid; its last valid state stays in force')
    }
  }

  /** The disk may recover: the next request reads the file again. */
  #cannotBeRead(error: unknown): void {
    const { path } = this
    const { log } = this.#options
    if (this.#unreadable === undefined)
      log.error({ path, error }, 'the document cannot be read; its last valid state stays in force')
    this.#unreadable = new DocumentProblem(`it cannot be read: ${String(error)}`)
  }

  #parse(text: string): T {
    const { value, isOlder } = parseDocument(this.#options, text)
    this.#isOlder = isOlder
    return value
  }
}

const unusable = (path: string) =>
  new ApiError('ServiceUnavailable', {
    message: `${basename(path)} is invalid: nothing can be changed until it is repaired.`,
  })

const noSpace = (cause: unknown) =>
  new ApiError('ServiceUnavailable', { message: 'There is no space left on the storage volume.', cause })

function startError(path: string, { message, line, path: at }: DocumentProblem): Error {
  const where = [line === undefined ? '' : `line ${line}`, at].filter((part) => part !== '').join(', ')
  return Object.assign(new Error(`${path}${where && ` (${where})`}: ${message}`), { code: 'DOCUMENT_INVALID' })
}
