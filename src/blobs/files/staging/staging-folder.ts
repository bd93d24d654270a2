/**
 * The folder in `staging/` in which a store creates its files: in a shared folder, processes would wait for each other.
 * It is locked while the store is open, so that every other process, in any namespace, knows that its files are in use.
 */
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { moveFileBelow } from '#blobs/files/io/file-operations.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import { tryToLock } from '#lib/files/file-lock.ts'
import { syncFolder } from '#lib/files/sync.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { isLivingProcess } from '#lib/system/living-process.ts'
import { randomId } from '#metadata/order.ts'

export class StagingFolder {
  readonly #path: string
  readonly #owner: string
  readonly #fd: number | undefined

  private constructor(path: string, owner: string, fd: number | undefined) {
    this.#path = path
    this.#owner = owner
    this.#fd = fd
  }

  /** Creates a folder for one store. Names of files in it are durable after `sync`. */
  static open(layout: Layout): StagingFolder {
    for (;;) {
      // The process id helps administrators, and systems without locks.
      const owner = `${process.pid.toString(36)}.${randomId(5)}`
      const path = layout.stagingFolder(owner)
      fs.mkdirSync(path, { recursive: true })
      const claim = claimFolder(path)
      // Another process that starts may have found the folder before it was locked, and removes it.
      if (claim !== 'held') return new StagingFolder(path, owner, claim)
    }
  }

  /** A file's id begins with its owner, so that the id tells where it is. */
  newFileId(): string {
    return `${this.#owner}-${randomId(12)}`
  }

  sync(): Promise<void> {
    return syncFolder(this.#path)
  }

  close(): void {
    try {
      fs.rmdirSync(this.#path)
    } catch {
      // The next start removes what is left.
    }
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
  }
}

/** A locked descriptor of the folder; undefined on systems without locks. */
function claimFolder(path: string): number | undefined | 'held' {
  if (process.platform === 'win32') return undefined
  const fd = openFolder(path)
  if (fd === undefined) return 'held'
  const result = tryToLock(fd)
  if (result === 'locked' && fs.fstatSync(fd).nlink > 0 && fs.existsSync(path)) return fd
  fs.closeSync(fd)
  return result === 'unsupported' ? undefined : 'held'
}

function openFolder(path: string): number | undefined {
  try {
    return fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_DIRECTORY ?? 0))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Moves the files of the first releases, which staged all files in one folder: their interrupted writes are still to be
 * finished.
 */
export function sortStaging(layout: Layout): void {
  const folder = layout.system('staging')
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const target = layout.staging(entry.name)
    // A file with another kind of name stays: the name of its folder would be its own.
    const isOurs = dirname(target) !== join(folder, entry.name)
    if (entry.isFile() && isOurs) moveFileBelow(folder, join(folder, entry.name), target)
  }
}

/** Removes staged files of stores that are no longer open, except files that a row of the index names (`isNamed`). */
export function removeAbandonedStaging(layout: Layout, isNamed: (fileId: string) => boolean, log: LevelLog): void {
  for (const owner of fs.readdirSync(layout.system('staging'))) {
    try {
      removeAbandonedFolder(layout, owner, isNamed, log)
    } catch (error) {
      log.warn({ err: error, owner }, 'what an earlier process has left in staging could not be removed')
    }
  }
}

function removeAbandonedFolder(
  layout: Layout,
  owner: string,
  isNamed: (fileId: string) => boolean,
  log: LevelLog,
): void {
  const path = layout.stagingFolder(owner)
  if (!isFolder(path)) return
  const claim = claimFolder(path)
  if (claim === 'held') return
  try {
    if (!isInUse(owner, claim)) removeFiles(path, isNamed, log)
  } finally {
    if (claim !== undefined) fs.closeSync(claim)
  }
}

const isFolder = (path: string) => fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Whether an open store uses this folder. */
export function isStagingInUse(layout: Layout, owner: string): boolean {
  const path = layout.stagingFolder(owner)
  if (!isFolder(path)) return false
  const claim = claimFolder(path)
  if (typeof claim === 'number') fs.closeSync(claim)
  return isInUse(owner, claim)
}

/** Earlier releases named the folder after the process alone, and did not lock it. */
function isInUse(owner: string, claim: ReturnType<typeof claimFolder>): boolean {
  if (claim === 'held') return true
  const mayBeUnlocked = claim === undefined || !owner.includes('.')
  return mayBeUnlocked && isLivingProcess(Number.parseInt(owner, 36))
}

function removeFiles(folder: string, isNamed: (fileId: string) => boolean, log: LevelLog): void {
  try {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        // Only files are staged. This folder was exchanged with a file (file-operations.ts), and the process ended
        // before it moved it back.
        log.error({ path }, 'a folder of objects was left in staging; move it back to its bucket')
      } else if (!isNamed(entry.name.replace(/\.taken$/, ''))) fs.rmSync(path, { force: true })
    }
    fs.rmdirSync(folder)
  } catch (error) {
    // Another process that starts may be doing the same.
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
  }
}
