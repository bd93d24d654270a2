/**
 * Returns the pages that deletions have freed to the file system: LMDB reuses them, but its file never becomes smaller.
 * The process that opens the index does this while no other has it open, if more than half of a large file is free:
 *
 * 1. Locks exclude others: processes that have the index open (users.ts), LMDB itself for programs that know no other
 *    lock, and processes that restore (the gate). A process that opens the index now waits.
 * 2. After a power loss the index is restored first, as at any start.
 * 3. All entries are copied in order to a new file, which is synced. One of them is the position of the redo log, so the
 *    log continues after the new file's last transaction as it did after the old one's.
 * 4. The old file is synced, and the checkpoints, which refer to its pages, are removed. From here on either file can be
 *    used as it is: both are complete on disk, with the same entries.
 * 5. LMDB's lock file is made invalid, since it contains the number of the old file's last transaction. The next process
 *    that opens LMDB initializes it.
 * 6. The new file takes the old one's name, and the folder is synced. A checkpoint of the new file is saved before
 *    anything is written.
 *
 * It may be interrupted after any step: the next start finds the old file with its checkpoint (1 to 3), or either file
 * without one (4 to 6).
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { syncFolderSync } from '#lib/files/sync.ts'
import { DataFileRoom } from './data-file-room.ts'
import { abortable, type Database, openDatabase, openReadOnly, scanDatabase } from './database.ts'
import { Checkpoints } from './log/checkpoints.ts'
import { positionIn } from './log/log.ts'
import type { Position } from './log/redo-log.ts'
import { dataFile, readMeta, readUsage } from './meta.ts'
import { lockAlone, lockLmdbAlone } from './processes/users.ts'
import { behindGate, ensureCheckpoint } from './restore.ts'

const rowsAtOnce = 5000
/** Sorts after every row. */
const end = Buffer.from([0xff])

/** `fromBytes`: the minimum size of the file. */
export function compactIfWorthwhile(folder: string, machine: () => string, fromBytes: number): void {
  if (!isWorthwhile(folder, fromBytes) && !fs.existsSync(copyFolder(folder))) return
  const users = lockAlone(folder)
  if (users === undefined) return
  try {
    if (!isWorthwhile(folder, fromBytes)) return
    if (new Checkpoints(folder).findWhole() !== undefined) ensureCheckpoint(folder, machine)
    behindGate(folder, () => {
      const lock = lockLmdbAlone(folder)
      if (lock === undefined) return
      try {
        if (isWorthwhile(folder, fromBytes)) compact(folder, machine, lock)
      } finally {
        fs.closeSync(lock)
      }
    })
  } catch {
    // No space for the copy, or no hard links: the file that is there is complete.
  } finally {
    fs.rmSync(copyFolder(folder), { recursive: true, force: true })
    fs.closeSync(users)
  }
}

const copyFolder = (folder: string) => join(folder, 'compact')

function isWorthwhile(folder: string, fromBytes: number): boolean {
  try {
    const usage = usageOf(dataFile(folder))
    return usage !== undefined && usage.fileBytes >= fromBytes && usage.liveBytes < usage.fileBytes / 2
  } catch {
    // It is not an LMDB file: opening it reports the error.
    return false
  }
}

/** Undefined if the file is empty. */
export function usageOf(path: string): ReturnType<typeof readUsage> | undefined {
  if ((fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined
  const file = fs.openSync(path, 'r')
  try {
    return readUsage(file)
  } finally {
    fs.closeSync(file)
  }
}

function compact(folder: string, machine: () => string, lock: number): void {
  const checkpoints = new Checkpoints(folder)
  const hadCheckpoint = checkpoints.findWhole() !== undefined
  const { path, position } = copyAll(folder)
  syncFile(dataFile(folder))
  // Otherwise removed checkpoints could come back after a power loss and be taken for the last.
  syncFolderSync(folder)
  checkpoints.removeAll()
  if (fs.fstatSync(lock).size > 0) fs.writeSync(lock, Buffer.alloc(8), 0, 8, 0)
  fs.renameSync(path, dataFile(folder))
  syncFolderSync(folder)
  if (!hadCheckpoint) return
  const file = fs.openSync(dataFile(folder), 'r')
  try {
    const { sequence, segment } = position
    checkpoints.saveSync({ sequence, segment, machine: machine(), meta: readMeta(file) })
  } finally {
    fs.closeSync(file)
  }
}

/** Copies all entries to a file that is on disk when this returns. */
function copyAll(folder: string): { path: string; position: Position } {
  const [from, to] = ['old', 'new'].map((name) => join(copyFolder(folder), name)) as [string, string]
  fs.rmSync(copyFolder(folder), { recursive: true, force: true })
  for (const path of [from, to]) fs.mkdirSync(path, { recursive: true })
  // Under another name it has another lock file: opening the locked one here would release the lock.
  fs.linkSync(dataFile(folder), dataFile(from))
  const { liveBytes = 0, entries } = usageOf(dataFile(from)) ?? {}
  const source = openReadOnly(from)
  const target = openDatabase(to, { flushes: false })
  const room = new DataFileRoom(to, undefined)
  let position: Position
  try {
    // LMDB must not find the volume full by itself.
    room.ensure(0, liveBytes)
    copyRows(source, target)
    position = positionIn(source)
  } finally {
    void source.close()
    void target.close()
    room.close()
  }
  const path = dataFile(to)
  // The space that was not needed.
  fs.truncateSync(path, fs.statSync(path).size)
  syncFile(path)
  if (usageOf(path)?.entries !== entries) throw new Error('the copy is incomplete')
  return { path, position }
}

function copyRows(source: Database, target: Database): void {
  for (let start = Buffer.from([0]); ; ) {
    const rows = scanDatabase(source, { start, end }, { limit: rowsAtOnce })
    const last = rows.at(-1)
    if (last === undefined) return
    target.transactionSync(() => {
      for (const { key, value } of rows) target.putSync(key, value, { append: true })
    }, abortable)
    start = Buffer.concat([last.key, Buffer.from([0])])
  }
}

function syncFile(path: string): void {
  const file = fs.openSync(path, 'r+')
  try {
    fs.fdatasyncSync(file)
  } finally {
    fs.closeSync(file)
  }
}
