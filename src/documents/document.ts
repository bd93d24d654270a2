/**
 * A JSON document that people edit by hand and all processes share. A file that becomes invalid never takes effect: its
 * last valid state stays, and is also kept in a file of its own (last-good.ts) for processes that start meanwhile. A
 * write locks, reads again, and replaces the file atomically.
 */
import { basename } from 'node:path'
import { ZodError, type ZodType } from 'zod'
import { currentTurn } from '#lib/async/turn.ts'
import { isVolumeFull } from '#lib/files/disk-reserve.ts'
import { ApiError } from '#model/errors.ts'
import { FileSource } from './file-source.ts'
import { type DocumentPath, DocumentProblem, parseJson, problemAt, problemOfSchema } from './json-source.ts'
import { lastGoodPath } from './last-good.ts'
import type { DocumentSource, DocumentSources } from './source.ts'

export interface DocumentLog {
  error(fields: object, message: string): void
  info(fields: object, message: string): void
}

export interface DocumentOptions<T> {
  readonly path: string
  /** Where it is kept; in a file unless given. */
  readonly sources?: DocumentSources | undefined
  /** The text that parses to an equal copy, which may be altered. */
  readonly schema: ZodType<T>
  readonly initial: () => T
  readonly log: DocumentLog
  /** Checks that a schema cannot express, such as references. Returns the first mistake. */
  readonly findMistake?: (value: T) => DocumentMistake | undefined
  readonly older?: OlderForm<T>
}

export interface DocumentMistake {
  readonly path: DocumentPath
  readonly message: string
}

/**
 * An earlier version of the document. It is read too. The first write replaces it and keeps a copy,
 * `<path>.<name>.bak`.
 */
export interface OlderForm<T> {
  readonly name: string
  readonly is: (raw: unknown) => boolean
  readonly schema: ZodType<T>
}

export class Document<T> {
  readonly #options: DocumentOptions<T>
  readonly #source: DocumentSource
  #current: T
  #stamp = ''
  #lookedIn = -1
  /** Of the text that was read last. */
  #problem: DocumentProblem | undefined
  /** Why the file cannot be read at present. */
  #unreadable: DocumentProblem | undefined
  #isOlder = false
  /** The text that this process has written, or is about to write. */
  #written: { readonly stamp: string; readonly value: T } | undefined
  #watcher: { close(): Promise<void> } | undefined

  private constructor(options: DocumentOptions<T>) {
    this.#options = options
    const { path, sources = (file: string) => new FileSource(file) } = options
    this.#source = sources(path)
    this.#current = options.initial()
  }

  static async open<T>(options: DocumentOptions<T>): Promise<Document<T>> {
    const document = new Document(options)
    if (!(await document.#source.open())) await document.update((value) => value)
    document.#load()
    if (document.problem !== undefined) document.#takeLastGood(document.problem)
    document.#watcher = document.#source.watch(() => document.#load())
    return document
  }

  /** The last valid state. Checks the file's stamp, so that a change by another process shows at once. */
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
    return this.#options.path
  }

  /** A problem at a place of the present file that is found only in use. */
  problemAt(path: DocumentPath, message: string): DocumentProblem {
    return problemAt(this.#source.stamp() === '' ? '' : this.#source.read(), path, message)
  }

  /**
   * `change` gets a copy that it may alter. Nothing is written if it throws. ServiceUnavailable while the file is
   * invalid.
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

  async #change(change: (value: T) => T): Promise<T> {
    const { path, schema, older } = this.#options
    this.#load()
    if (this.problem !== undefined) throw unusable(path)
    const value = schema.parse(change(schema.parse(this.#current)))
    const text = `${JSON.stringify(value, null, 2)}\n`
    this.#refuseMistakes(value, text)
    if (this.#isOlder) await this.#source.keepCopy(`.${older?.name}.bak`)
    await this.#source.replace(text, (stamp) => {
      this.#written = { stamp, value }
    })
    this.#source.keepLastGood(text)
    this.#load()
    return value
  }

  /** For a process that starts on an invalid file. Throws its problem if there is no last valid state. */
  #takeLastGood(problem: DocumentProblem): void {
    const { path, log } = this.#options
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
        // No need to read what was just written.
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
    const { path, log } = this.#options
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

  /** The disk may recover: the file is tried again by the next request. */
  #cannotBeRead(error: unknown): void {
    const { path, log } = this.#options
    if (this.#unreadable === undefined)
      log.error({ path, error }, 'the document cannot be read; its last valid state stays in force')
    this.#unreadable = new DocumentProblem(`it cannot be read: ${String(error)}`)
  }

  #parse(text: string): T {
    const { schema, older } = this.#options
    const raw = parseJson(text)
    const isOlder = older?.is(raw) === true
    try {
      const value = (isOlder ? older.schema : schema).parse(raw)
      this.#refuseMistakes(value, text)
      this.#isOlder = isOlder
      return value
    } catch (error) {
      throw error instanceof ZodError ? problemOfSchema(text, error) : error
    }
  }

  #refuseMistakes(value: T, text: string): void {
    const mistake = this.#options.findMistake?.(value)
    if (mistake !== undefined) throw problemAt(text, mistake.path, mistake.message)
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
