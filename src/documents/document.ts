/**
 * A JSON document that people edit by hand and every process shares. A file that becomes invalid never takes effect: the last good
 * state stays. Writes go under a lock, after reading again, and replace the file at once.
 */
import fs from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { watch } from 'chokidar'
import type { ZodType } from 'zod'
import { syncFolder } from '#lib/sync.ts'
import { currentTurn } from '#lib/turn.ts'

export interface DocumentLog {
  error(fields: object, message: string): void
  info(fields: object, message: string): void
}

export interface DocumentOptions<T> {
  readonly path: string
  readonly schema: ZodType<T>
  readonly initial: () => T
  readonly log: DocumentLog
}

const lockStaleMs = 10_000

export class Document<T> {
  readonly #options: DocumentOptions<T>
  #current: T
  #stamp = ''
  #lookedIn = -1
  #problem: string | undefined
  #watcher: ReturnType<typeof watch> | undefined

  private constructor(options: DocumentOptions<T>) {
    this.#options = options
    this.#current = options.initial()
  }

  static async open<T>(options: DocumentOptions<T>): Promise<Document<T>> {
    const document = new Document(options)
    await mkdir(dirname(options.path), { recursive: true })
    if (!fs.existsSync(options.path)) await document.update((value) => value)
    document.#load()
    if (document.#problem !== undefined) throw new Error(`${options.path}: ${document.#problem}`)
    document.#watcher = watch(options.path, { ignoreInitial: true, persistent: false }).on('all', () =>
      document.#load(),
    )
    return document
  }

  /** The last good state. Looks at the file's stamp, so that a change by another process shows at once. */
  get current(): T {
    const turn = currentTurn()
    if (turn !== this.#lookedIn) {
      this.#lookedIn = turn
      this.#load()
    }
    return this.#current
  }

  /** Why the file as it is now has no effect; undefined if it has. */
  get problem(): string | undefined {
    return this.#problem
  }

  async update(change: (value: T) => T): Promise<T> {
    const { path } = this.#options
    const unlock = await lock(`${path}.lock`)
    try {
      this.#load()
      if (this.#problem !== undefined)
        throw new Error(`${path} cannot be changed while it is invalid: ${this.#problem}`)
      const value = this.#options.schema.parse(change(structuredClone(this.#current)))
      const temporary = `${path}.${process.pid}.tmp`
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
      await syncFolder(dirname(path))
      this.#load()
      return this.#current
    } finally {
      await unlock()
    }
  }

  async close(): Promise<void> {
    await this.#watcher?.close()
  }

  #load(): void {
    const { path, schema, log } = this.#options
    const stats = fs.statSync(path, { throwIfNoEntry: false })
    const stamp = stats === undefined ? '' : `${stats.ino}:${stats.mtimeMs}:${stats.size}`
    if (stamp === this.#stamp || stats === undefined) return
    this.#stamp = stamp
    try {
      this.#current = schema.parse(JSON.parse(fs.readFileSync(path, 'utf8')))
      if (this.#problem !== undefined) log.info({ path }, 'the document is valid again')
      this.#problem = undefined
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error)
      log.error({ path, problem: this.#problem }, 'the document is invalid; its last good state stays in force')
    }
  }
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
