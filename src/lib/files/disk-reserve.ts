/**
 * Room on a volume that is kept for what makes room: deletes, and a start. It is a folder of files that hold nothing, so that each one
 * removed gives back blocks and an inode. Writes that bring bytes are refused (`hasRoomFor`) before they would need it; where something
 * else fills the volume, a write that must not fail removes one file after another (`giveBack`) until it succeeds. They are made again
 * (`refill`) when there is room. Any process may do any of this at any time.
 */
import fs from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { libc } from '#lib/system/libc.ts'

/** Small, since another program may take at once what is left of one that was given back. */
const fileBytes = 128 * 1024
const filesMax = 256
/** On a small volume the reserve is no more than this part of it. */
const partOfVolume = 1 / 16
/** Left free beside the reserve. */
const freeBytesMax = 16 * 1024 * 1024
const freePartOfVolume = 1 / 32
const freeInodesMax = 256
const freePartOfInodes = 1 / 64
/** What was found holds for so long, or until half of the free room has been promised. */
const lookEveryMs = 200

interface Room {
  /** Both beyond the reserve and what is left free. */
  bytes: number
  inodes: number
  readonly untilMs: number
}

export class DiskReserve {
  readonly #folder: string
  #room: Room | undefined
  #refilling: Promise<void> | undefined
  #isStopped = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Whether a file of so many bytes may be made; it is counted as made. */
  hasRoomFor(sizeBytes: number): boolean {
    if (this.#room === undefined || this.#room.untilMs <= performance.now()) this.#room = this.#look()
    if (this.#room === undefined) return true
    if (this.#room.bytes < sizeBytes || this.#room.inodes < 1) return false
    this.#room.bytes -= sizeBytes
    this.#room.inodes--
    return true
  }

  /** Makes a little room. False if nothing is left to give. */
  giveBack(): boolean {
    for (const name of this.#files()) {
      try {
        fs.unlinkSync(join(this.#folder, name))
        this.#room = undefined
        return true
      } catch {
        // Another process has given it back.
      }
    }
    return false
  }

  /** Gives back until so much is free. For what would end the process, where a write could be tried again. */
  ensureFree(sizeBytes: number, inodes: number): void {
    for (;;) {
      const volume = this.#volume()
      if (volume === undefined) return
      const { bsize, bfree, files, ffree } = volume
      if (bfree * bsize >= sizeBytes && (files === 0 || ffree >= inodes)) return
      if (!this.giveBack()) return
    }
  }

  /** Does `act` again as long as the volume is full and there is something to give back. */
  withRoom<T>(act: () => T): T {
    for (;;) {
      try {
        return act()
      } catch (error) {
        if (!isVolumeFull(error) || !this.giveBack()) throw error
      }
    }
  }

  /** Makes what is missing of the reserve, as far as there is room for it. */
  refill(): Promise<void> {
    this.#refilling ??= this.#refill().finally(() => {
      this.#refilling = undefined
    })
    return this.#refilling
  }

  /** Resolves when nothing of it is under way. */
  async stopRefilling(): Promise<void> {
    this.#isStopped = true
    await this.#refilling?.catch(() => undefined)
  }

  async #refill(): Promise<void> {
    const volume = this.#volume()
    if (volume === undefined) return
    fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const present = new Set(this.#files())
    for (let i = 0; i < fileCount(volume); i++) {
      const name = `${i}`
      if (this.#isStopped) return
      if (present.has(name)) continue
      const { bytes = 0, inodes = 0 } = this.#look() ?? {}
      // Not the last room, or writes and the reserve would take it from each other.
      if (bytes < fileBytes || inodes < 1) return
      await makeFile(join(this.#folder, name))
    }
  }

  #look(): Room | undefined {
    const volume = this.#volume()
    if (volume === undefined) return undefined
    const { bsize, blocks, bavail, files, ffree } = volume
    const missing = Math.max(0, fileCount(volume) - this.#files().length)
    const freeBytes = Math.min(freeBytesMax, blocks * bsize * freePartOfVolume)
    const freeInodes = Math.min(freeInodesMax, files * freePartOfInodes)
    return {
      bytes: bavail * bsize - missing * fileBytes - freeBytes,
      inodes: files === 0 ? Number.POSITIVE_INFINITY : ffree - missing - freeInodes,
      untilMs: performance.now() + lookEveryMs,
    }
  }

  #volume(): fs.StatsFs | undefined {
    try {
      return fs.statfsSync(join(this.#folder, '..'))
    } catch {
      return undefined
    }
  }

  #files(): string[] {
    try {
      return fs.readdirSync(this.#folder)
    } catch {
      return []
    }
  }
}

const fileCount = ({ blocks, bsize }: fs.StatsFs): number =>
  Math.min(filesMax, Math.floor((blocks * bsize * partOfVolume) / fileBytes))

async function makeFile(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch(() => undefined)
  if (file === undefined) return
  try {
    try {
      libc.allocate(file.fd, 0, fileBytes)
    } catch (error) {
      if (isVolumeFull(error)) throw error
      // Not all file systems can: what is written takes room everywhere, unless it can be compressed.
      const { randomBytes } = await import('node:crypto')
      await file.writeFile(randomBytes(fileBytes))
    }
  } catch {
    await fs.promises.rm(path, { force: true })
  } finally {
    await file.close()
  }
}

/** LMDB's errors have the number of the system's error; ours, what they were caused by. */
export function isVolumeFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && ['ENOSPC', 'EDQUOT', fullNumber].includes(cause.code as string | number)) return true
  }
  return false
}

const fullNumber = 28
