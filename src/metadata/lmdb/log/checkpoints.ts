/**
 * Transactions that LMDB can return to after a power loss, since all their pages are on disk. Each checkpoint has its
 * own file, so that writing one does not damage another: `checkpoint-SEQUENCE-SEGMENT-` and a random name, with `.new`
 * until the file is durable.
 */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { privateFileMode } from '#lib/files/private-files.ts'
import { syncFolder, syncFolderSync } from '#lib/files/sync.ts'

/** A checkpoint, as its file name describes it. */
export interface SavedCheckpoint {
  /** Transactions of the redo log up to this one are included. */
  readonly sequence: number
  /** Where the log continues: no older segment is needed. */
  readonly segment: number
}

export interface Checkpoint extends SavedCheckpoint {
  /** While this is unchanged (restore.ts), LMDB's file can be used as it is. */
  readonly machine: string
  readonly meta: Buffer
}

/** A checkpoint is saved at most once a second: listed files may be gone at one attempt, and rarely at two. */
const looks = 5

interface Named extends SavedCheckpoint {
  readonly name: string
  readonly isNew: boolean
}

export class Checkpoints {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The newest that is known to be durable. */
  findSaved(): SavedCheckpoint | undefined {
    return this.#list().find(({ isNew }) => !isNew)
  }

  /** The newest complete one. Another process may rename and remove listed files meanwhile. */
  findWhole(): Checkpoint | undefined {
    for (let look = 0; look < looks; look++) {
      const all = this.#list()
      for (const { name, sequence, segment } of all) {
        const content = parse(this.#read(name))
        if (content !== undefined) return { sequence, segment, ...content }
      }
      if (all.length === 0) return undefined
    }
    return undefined
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const { path, text } = this.#file(checkpoint)
    await writeFile(`${path}.new`, text, { flush: true, mode: privateFileMode })
    await syncFolder(this.#folder)
    this.#announce(path, checkpoint)
  }

  saveSync(checkpoint: Checkpoint): void {
    const { path, text } = this.#file(checkpoint)
    fs.writeFileSync(`${path}.new`, text, { flush: true, mode: privateFileMode })
    syncFolderSync(this.#folder)
    this.#announce(path, checkpoint)
  }

  /** LMDB's file is used as it is from now on. */
  removeAll(): void {
    const all = this.#list()
    for (const { name } of all) this.#remove(name)
    if (all.length > 0) syncFolderSync(this.#folder)
  }

  #file({ sequence, segment, machine, meta }: Checkpoint): { path: string; text: string } {
    const name = `checkpoint-${sequence}-${segment}-${randomBytes(6).toString('hex')}`
    const text = JSON.stringify({ machine, meta: meta.toString('base64') })
    return { path: join(this.#folder, name), text: `${crc32(text)} ${text}` }
  }

  /** It is durable, so those before it are not needed any more. */
  #announce(path: string, { sequence }: Checkpoint): void {
    try {
      fs.renameSync(`${path}.new`, path)
    } catch (error) {
      // A process that saved a newer checkpoint meanwhile has removed it.
      if ((this.findSaved()?.sequence ?? 0) <= sequence) throw error
    }
    for (const { name, sequence: older } of this.#list()) if (older < sequence) this.#remove(name)
  }

  /** Lists the checkpoints, newest first. */
  #list(): Named[] {
    const found: Named[] = []
    for (const name of fs.readdirSync(this.#folder)) {
      const [, sequence, segment, suffix] = /^checkpoint-(\d+)-(\d+)-[0-9a-f]+(\.new)?$/.exec(name) ?? []
      if (sequence === undefined) continue
      found.push({ name, sequence: Number(sequence), segment: Number(segment), isNew: suffix !== undefined })
    }
    return found.sort((a, b) => b.sequence - a.sequence)
  }

  #remove(name: string): void {
    fs.rmSync(join(this.#folder, name), { force: true })
  }

  #read(name: string): string {
    try {
      return fs.readFileSync(join(this.#folder, name), 'latin1')
    } catch {
      return ''
    }
  }
}

function parse(content: string): Pick<Checkpoint, 'machine' | 'meta'> | undefined {
  const space = content.indexOf(' ')
  const text = content.slice(space + 1)
  if (space === -1 || crc32(text) !== Number(content.slice(0, space))) return undefined
  const { machine, meta } = JSON.parse(text) as { machine: string; meta: string }
  return { machine, meta: Buffer.from(meta, 'base64') }
}
