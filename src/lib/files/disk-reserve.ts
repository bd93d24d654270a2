/**
 * Reserved space on a volume for what frees space: deletes, and a start. It is a folder of files without content, so
 * that removing one gives back blocks and an inode. Writes that add bytes are refused (`hasRoomFor`) before they would
 * need it. If something else fills the volume, a write that must not fail removes one file after another (`giveBack`)
 * until it succeeds. The files are created again (`refill`) when there is space. Any process may do any of this at any
 * time.
 */
import fs from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { libc } from '#lib/system/libc.ts'

/** Small, since another program may take the space of a removed file at once. */
const fileBytes = 128 * 1024
const filesMax = 256
/** On a small volume the reserve takes at most this part of it. */
const partOfVolume = 1 / 16
/** Space left free beside the reserve. */
const freeBytesMax = 16 * 1024 * 1024
const freePartOfVolume = 1 / 32
const freeInodesMax = 256
const freePartOfInodes = 1 / 64
/** A measurement is valid this long, or until half of the free space has been promised. */
const lookEveryMs = 200

interface Room {
  /** Free space, without the reserve and the space that is left free. */
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

  /** Whether a file of so many bytes may be created; it is then counted as created. */
  hasRoomFor(sizeBytes: number): boolean {
    if (this.#room === undefined || this.#room.untilMs <= performance.now()) this.#room = this.#measure()
    if (this.#room === undefined) return true
    if (this.#room.bytes < sizeBytes || this.#room.inodes < 1) return false
    this.#room.bytes -= sizeBytes
    this.#room.inodes--
    return true
  }

  /** Frees a little space. False if nothing is left to give. */
  giveBack(): boolean {
    for (const name of this.#files()) {
      try {
        fs.unlinkSync(join(this.#folder, name))
        this.#room = undefined
        return true
      } catch {
        // Another process has removed it.
      }
    }
    return false
  }

  /** Frees this much. For writes that would end the process and cannot be tried again. */
  ensureFree(sizeBytes: number, inodes: number): void {
    for (;;) {
      const volume = this.#volume()
      if (volume === undefined) return
      const { bsize, bfree, files, ffree } = volume
      if (bfree * bsize >= sizeBytes && (files === 0 || ffree >= inodes)) return
      if (!this.giveBack()) return
    }
  }

  /** Repeats `act` as long as the volume is full and there is something to give back. */
  withRoom<T>(act: () => T): T {
    for (;;) {
      try {
        return act()
      } catch (error) {
        if (!isVolumeFull(error) || !this.giveBack()) throw error
      }
    }
  }

  /** Creates the missing part of the reserve, as far as there is space. */
  refill(): Promise<void> {
    this.#refilling ??= this.#refill().finally(() => {
      this.#refilling = undefined
    })
    return this.#refilling
  }

  /** Resolves when no refill is running. */
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
      const { bytes = 0, inodes = 0 } = this.#measure() ?? {}
      // Not with the last free space, or writes and the reserve would take it from each other.
      if (bytes < fileBytes || inodes < 1) return
      await makeFile(join(this.#folder, name))
    }
  }

  #measure(): Room | undefined {
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
      // If the file system cannot do it, incompressible bytes are written.
      const { randomBytes } = await import('node:crypto')
      await file.writeFile(randomBytes(fileBytes))
    }
  } catch {
    await fs.promises.rm(path, { force: true })
  } finally {
    await file.close()
  }
}

/** Errors of LMDB carry the system's error number; our own carry their cause. */
export function isVolumeFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && ['ENOSPC', 'EDQUOT', fullNumber].includes(cause.code as string | number)) return true
  }
  return false
}

const fullNumber = 28
