/** A document in a watched file that people may edit. A write holds a lock file and renames a new file. */
import fs from 'node:fs'
import { copyFile, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { watch } from 'chokidar'
import { makeFolder } from '#lib/files/make-folder.ts'
import { syncFolder } from '#lib/files/sync.ts'
import { keepLastGood, readLastGood, restoreLastGood } from './last-good.ts'
import type { DocumentSource } from './source.ts'

const lockStaleMs = 10_000
const lockRetryMs = 20

export class FileSource implements DocumentSource {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  get place(): string {
    return this.#path
  }

  async open(): Promise<boolean> {
    makeFolder(dirname(this.#path))
    return fs.existsSync(this.#path) || restoreLastGood(this.#path)
  }

  inherited(): undefined {}

  stamp(): string {
    return fileStamp(this.#path)
  }

  read(): string {
    return fs.readFileSync(this.#path, 'utf8')
  }

  async replace(text: string, onStamp: (stamp: string) => void): Promise<void> {
    const temporary = `${this.#path}.${process.pid}.tmp`
    try {
      await writeFile(temporary, text, { mode: 0o600, flush: true })
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    // A file keeps its stamp when it is moved.
    onStamp(fileStamp(temporary))
    await rename(temporary, this.#path)
    await syncFolder(dirname(this.#path))
  }

  async keepCopy(suffix: string): Promise<void> {
    await copyFile(this.#path, this.#path + suffix)
  }

  readLastGood(): string | undefined {
    return readLastGood(this.#path)
  }

  keepLastGood(text: string): void {
    keepLastGood(this.#path, text)
  }

  async exclusively<R>(work: () => Promise<R>): Promise<R> {
    const unlock = await lock(`${this.#path}.lock`)
    try {
      return await work()
    } finally {
      await unlock()
    }
  }

  watch(onChange: () => void): { close(): Promise<void> } {
    return (
      watch(this.#path, { ignoreInitial: true, persistent: false })
        .on('all', onChange)
        // The system has no watches left. Readers still compare the stamp.
        .on('error', () => {})
    )
  }
}

/** '' if there is no file. */
export function fileStamp(path: string): string {
  const stats = fs.statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.ino}:${stats.mtimeMs}:${stats.size}`
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
    await new Promise((resolve) => setTimeout(resolve, lockRetryMs))
  }
}
