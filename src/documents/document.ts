/**
 * A JSON document that people edit by hand and all processes share. A file that becomes invalid never takes effect: its
 * last valid state stays, and is also kept in a file of its own (last-good.ts) for processes that start meanwhile. A
 * write locks, reads again, and replaces the file atomically.
 */
import fs from 'node:fs'
import { copyFile, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { watch } from 'chokidar'
import { ZodError, type ZodType } from 'zod'
import { currentTurn } from '#lib/async/turn.ts'
import { isVolumeFull } from '#lib/files/disk-reserve.ts'
import { syncFolder } from '#lib/files/sync.ts'
import { ApiError } from '#model/errors.ts'
import { type DocumentPath, DocumentProblem, parseJson, problemAt, problemOfSchema } from './json-source.ts'
import { keepLastGood, lastGoodPath, readLastGood, restoreLastGood } from './last-good.ts'

export interface DocumentLog {
  error(fields: object, message: string): void
  info(fields: object, message: string): void
}

export interface DocumentOptions<T> {
  readonly path: string
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

const lockStaleMs = 10_000

export class Document<T> {
  readonly #options: DocumentOptions<T>
  #current: T
  #stamp = ''
  #lookedIn = -1
  #problem: DocumentProblem | undefined
  #isOlder = false
  /** The text that this process has written, or is about to write. */
  #written: { readonly stamp: string; readonly value: T } | undefined
  #watcher: ReturnType<typeof watch> | undefined

  private constructor(options: DocumentOptions<T>) {
    this.#options = options
    this.#current = options.initial()
  }

  static async open<T>(options: DocumentOptions<T>): Promise<Document<T>> {
    const document = new Document(options)
    await mkdir(dirname(options.path), { recursive: true })
    if (!fs.existsSync(options.path) && !restoreLastGood(options.path)) await document.update((value) => value)
    document.#load()
    if (document.#problem !== undefined) document.#takeLastGood(document.#problem)
    document.#watcher = watch(options.path, { ignoreInitial: true, persistent: false })
      .on('all', () => document.#load())
      // The system has no watch left: `current` still checks the file.
      .on('error', () => {})
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
    return this.#problem
  }

  get path(): string {
    return this.#options.path
  }

  /** A problem at a place of the present file that is found only in use. */
  problemAt(path: DocumentPath, message: string): DocumentProblem {
    const text = fs.existsSync(this.path) ? fs.readFileSync(this.path, 'utf8') : ''
    return problemAt(text, path, message)
  }

  /**
   * `change` gets a copy that it may alter. Nothing is written if it throws. ServiceUnavailable while the file is
   * invalid.
   */
  async update(change: (value: T) => T): Promise<T> {
    const { path, schema } = this.#options
    const unlock = await lock(`${path}.lock`)
    try {
      this.#load()
      if (this.#problem !== undefined) throw unusable(path)
      const value = schema.parse(change(schema.parse(this.#current)))
      const text = `${JSON.stringify(value, null, 2)}\n`
      this.#refuseMistakes(value, text)
      if (this.#isOlder) await copyFile(path, `${path}.${this.#options.older?.name}.bak`)
      await this.#replace(text, value)
      this.#load()
      return value
    } catch (error) {
      throw isVolumeFull(error) ? noSpace(error) : error
    } finally {
      await unlock()
    }
  }

  async close(): Promise<void> {
    await this.#watcher?.close()
  }

  async #replace(text: string, value: T): Promise<void> {
    const { path } = this.#options
    const temporary = `${path}.${process.pid}.tmp`
    try {
      await writeFile(temporary, text, { mode: 0o600, flush: true })
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    // A file keeps its stamp when it is moved.
    this.#written = { stamp: stampOf(temporary), value }
    await rename(temporary, path)
    await syncFolder(dirname(path))
    keepLastGood(path, text)
  }

  /** For a process that starts on an invalid file. Throws its problem if there is no last valid state. */
  #takeLastGood(problem: DocumentProblem): void {
    const { path, log } = this.#options
    const text = readLastGood(path)
    if (text === undefined) throw startError(path, problem)
    try {
      this.#current = this.#parse(text)
    } catch {
      throw startError(path, problem)
    }
    log.error({ path, lastGood: lastGoodPath(path) }, 'started with the last valid state of the document')
  }

  #load(): void {
    const { path, log } = this.#options
    const stamp = stampOf(path)
    if (stamp === this.#stamp || stamp === '') return
    this.#stamp = stamp
    // No need to read what was just written.
    if (stamp === this.#written?.stamp) {
      this.#current = this.#written.value
      this.#isOlder = false
      return
    }
    try {
      const text = fs.readFileSync(path, 'utf8')
      this.#current = this.#parse(text)
      keepLastGood(path, text)
      if (this.#problem !== undefined) log.info({ path }, 'the document is valid again')
      this.#problem = undefined
    } catch (error) {
      const problem = error instanceof DocumentProblem ? error : new DocumentProblem(String(error))
      this.#problem = problem
      const where = { path, line: problem.line, at: problem.path, problem: problem.message }
      log.error(where, 'the document is invalid; its last valid state stays in force')
    }
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

/** Changes with every write; '' if there is no file. */
function stampOf(path: string): string {
  const stats = fs.statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.ino}:${stats.mtimeMs}:${stats.size}`
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

async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await (await open(path, 'wx')).close()
      return () => rm(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const age = await stat(path).then(
        (stats) => Date.now() - stats.mtimeMs,
        () => 0,
      )
      if (age > lockStaleMs) await rm(path, { force: true })
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
