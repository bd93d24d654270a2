/**
 * Reports which names in folders change. With inotify(7), changes are collected and read three times a second: fs.watch
 * wakes this process for each of them, which was 5 % of the time of a small write.
 */
import fs from 'node:fs'
import { libc } from '#lib/system/libc.ts'
import { findOpenFileLimit } from '#lib/system/open-file-limit.ts'

export interface FolderWatches {
  /** Until the folder is removed, or `remove` is called. Throws an error with the `code` of the system. */
  add(path: string, onChange: (name: string) => void): void
  has(path: string): boolean
  remove(path: string): void
  close(): void
}

/** `onMissed`: there were too many changes to report. */
export function openFolderWatches(onMissed: () => void): FolderWatches {
  const fd = libc.openInotify()
  return fd === undefined ? new EventWatches() : new PolledWatches(fd, onMissed)
}

class EventWatches implements FolderWatches {
  readonly #watches = new Map<string, fs.FSWatcher>()

  add(path: string, onChange: (name: string) => void): void {
    if (this.#watches.size >= eventWatchesMax()) throw Object.assign(new Error('too many watches'), { code: 'EMFILE' })
    const watch = fs.watch(path, { persistent: false }, (_, name) => {
      if (name !== null) onChange(name)
    })
    watch.on('error', () => this.remove(path))
    this.#watches.set(path, watch)
  }

  has(path: string): boolean {
    return this.#watches.has(path)
  }

  remove(path: string): void {
    this.#watches.get(path)?.close()
    this.#watches.delete(path)
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
  }
}

/** macOS needs a descriptor for each, and requests need most of them. */
function eventWatchesMax(): number {
  openFileLimit ??= findOpenFileLimit() ?? Number.POSITIVE_INFINITY
  return openFileLimit / 16
}

let openFileLimit: number | undefined

const pollMs = 300
/** Fields of an event: watch descriptor, mask, cookie and length of the name that follows, padded with NULs. */
const eventHead = 16
const queueOverflow = 0x4000
const ignored = 0x8000

interface Watch {
  readonly path: string
  readonly onChange: (name: string) => void
}

class PolledWatches implements FolderWatches {
  readonly #fd: number
  readonly #onMissed: () => void
  readonly #timer: NodeJS.Timeout
  readonly #buffer = Buffer.allocUnsafeSlow(64 * 1024)
  readonly #descriptors = new Map<string, number>()
  readonly #watches = new Map<number, Watch>()

  constructor(fd: number, onMissed: () => void) {
    this.#fd = fd
    this.#onMissed = onMissed
    this.#timer = setInterval(() => this.#poll(), pollMs).unref()
  }

  add(path: string, onChange: (name: string) => void): void {
    const descriptor = libc.addInotifyWatch(this.#fd, path)
    // A folder has one watch, whatever its name: this is its new name.
    const renamed = this.#watches.get(descriptor)
    if (renamed !== undefined) this.#descriptors.delete(renamed.path)
    this.#descriptors.set(path, descriptor)
    this.#watches.set(descriptor, { path, onChange })
  }

  has(path: string): boolean {
    return this.#descriptors.has(path)
  }

  remove(path: string): void {
    const descriptor = this.#descriptors.get(path)
    if (descriptor === undefined) return
    this.#forget(descriptor)
    libc.removeInotifyWatch(this.#fd, descriptor)
  }

  close(): void {
    clearInterval(this.#timer)
    // The descriptor may belong to another file now.
    this.#descriptors.clear()
    fs.closeSync(this.#fd)
  }

  #forget(descriptor: number): void {
    const path = this.#watches.get(descriptor)?.path
    if (path !== undefined) this.#descriptors.delete(path)
    this.#watches.delete(descriptor)
  }

  #poll(): void {
    let hasMissed = false
    for (let size = this.#read(); size > 0; size = this.#read()) {
      for (let at = 0; at < size; ) {
        const end = at + eventHead + this.#buffer.readUInt32LE(at + 12)
        const mask = this.#buffer.readUInt32LE(at + 4)
        if ((mask & queueOverflow) !== 0) hasMissed = true
        else if ((mask & ignored) !== 0) this.#forget(this.#buffer.readInt32LE(at))
        else if (end > at + eventHead) this.#report(this.#buffer.readInt32LE(at), at + eventHead, end)
        at = end
      }
    }
    if (hasMissed) this.#onMissed()
  }

  #report(descriptor: number, nameAt: number, end: number): void {
    const nameEnd = this.#buffer.indexOf(0, nameAt)
    const name = this.#buffer.toString('utf8', nameAt, nameEnd === -1 || nameEnd > end ? end : nameEnd)
    this.#watches.get(descriptor)?.onChange(name)
  }

  /** 0 when nothing is left. */
  #read(): number {
    try {
      return fs.readSync(this.#fd, this.#buffer)
    } catch {
      // EAGAIN
      return 0
    }
  }
}
