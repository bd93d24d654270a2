/**
 * `.myfsio.sys/lost+found/`: files without a record are moved there and keep their relative path. Nothing is deleted.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { appendFile, mkdir, rename } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Layout } from '#blobs/files/place/layout.ts'

export class LostAndFound {
  readonly #layout: Layout
  readonly #folder: string

  /** Each run has a folder, named after its time. */
  constructor(layout: Layout, nowMs: number) {
    this.#layout = layout
    this.#folder = layout.system('lost+found', new Date(nowMs).toISOString().replaceAll(':', '-'))
  }

  /** Moves a file or folder and returns its new path. */
  async take(path: string): Promise<string> {
    const target = join(this.#folder, relative(this.#layout.system(), path))
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await rename(path, target)
    return target
  }

  /**
   * Copies a range of a file that stays in use. Returns the path of the copy, which is next to where `take` would move
   * the file.
   */
  async copy(path: string, start: number, sizeBytes: number, name: string): Promise<string> {
    const target = join(this.#folder, relative(this.#layout.system(), dirname(path)), name)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    const source = createReadStream(path, { start, end: start + sizeBytes - 1 })
    await pipeline(source, createWriteStream(target, { mode: 0o600 }))
    return target
  }

  /** Appends a row of the index before it is deleted, as a line of JSON. Returns the file. */
  async keepRow(row: object): Promise<string> {
    const path = join(this.#folder, 'rows.jsonl')
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await appendFile(path, `${JSON.stringify(row)}\n`, { mode: 0o600 })
    return path
  }
}
