/**
 * LMDB identifies readers by process id: each locks the byte of that number in `lock.mdb`. Processes in different
 * namespaces (two containers with one volume) may have the same id. Then the second cannot read, and must be started
 * again to get another id.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { libc } from '#lib/system/libc.ts'

/** Another process that uses this index has our process id, in another namespace. */
export class ProcessIdTaken extends Error {
  override readonly name = 'ProcessIdTaken'
}

const checked = new Set<string>()

/**
 * ProcessIdTaken. Called before LMDB is opened for the first time: closing any descriptor of its lock file releases all
 * locks of this process on it.
 */
export function assertProcessIdFree(folder: string): void {
  if (checked.has(folder)) return
  if (isProcessIdTaken(folder)) throw taken(folder)
  checked.add(folder)
}

/** The error if LMDB could not be opened: ProcessIdTaken, or `error`. The index must not be used afterwards. */
export function failureToOpen(folder: string, error: unknown): unknown {
  return isProcessIdTaken(folder) ? taken(folder) : error
}

const taken = (folder: string) =>
  new ProcessIdTaken(`Process id ${process.pid} is that of another process that uses ${folder}, in another namespace.`)

/** A lock of our own does not count. */
function isProcessIdTaken(folder: string): boolean {
  let fd: number
  try {
    fd = fs.openSync(join(folder, 'lock.mdb'), 'r')
  } catch {
    return false
  }
  try {
    return libc.isByteLocked(fd, process.pid)
  } finally {
    fs.closeSync(fd)
  }
}
