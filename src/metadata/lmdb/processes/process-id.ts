/**
 * LMDB knows the processes that read by their ids: each locks the byte of that number in `lock.mdb`. Processes in different namespaces
 * (two containers with one volume) may have the same id; the second cannot read then, and has to be started again to get another one.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { libc } from '#lib/system/libc.ts'

/** Another process, in a namespace of its own, has our process id and uses this index. */
export class ProcessIdTaken extends Error {
  override readonly name = 'ProcessIdTaken'
}

const checked = new Set<string>()

/**
 * ProcessIdTaken. Before LMDB is opened for the first time: to close any descriptor of its lock file lets go of all locks that this
 * process has on it.
 */
export function assertProcessIdFree(folder: string): void {
  if (checked.has(folder)) return
  if (isProcessIdTaken(folder)) throw taken(folder)
  checked.add(folder)
}

/** ProcessIdTaken, or the error, where LMDB could not be opened. It must not be used afterwards. */
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
