/**
 * Restores LMDB after a power loss. LMDB writes without syncs (durability.ts), so its file may then be any mixture of
 * old and new pages. It is reset to the last checkpoint, whose pages are complete, and the redo log since then is
 * applied again.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { ABORT } from 'lmdb'
import { bootId } from '#lib/system/boot-id.ts'
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import { DataFileRoom } from './data-file-room.ts'
import { abortable, type Database, openDatabase } from './database.ts'
import { type Checkpoint, Checkpoints } from './log/checkpoints.ts'
import { beginSegment, positionIn } from './log/log.ts'
import { RedoLog } from './log/redo-log.ts'
import { dataFile, readMeta, writeMeta } from './meta.ts'
import { isLmdbOpen } from './processes/users.ts'

/** `machineOf`, or another value in tests. */
type Machine = () => string

/**
 * Called before LMDB is opened by a process that writes the redo log. Ensures that there is a checkpoint of this
 * machine; after a power loss it returns to the last one. Processes that start together wait for the one that does it.
 */
export function ensureCheckpoint(folder: string, machine: Machine): void {
  const checkpoints = new Checkpoints(folder)
  const isThere = () => checkpoints.findWhole()?.machine === machine()
  if (isThere()) return
  behindGate(folder, () => {
    if (!isThere()) makeCheckpoint(folder, machine, checkpoints)
  })
}

/**
 * The checkpoint that the next start returns to, after a power loss or in a copy; undefined if it uses LMDB's file as
 * it is.
 */
export function findOutdated(folder: string, machine: Machine): Checkpoint | undefined {
  if (bootId() === undefined) return undefined
  const checkpoint = new Checkpoints(folder).findWhole()
  return checkpoint?.machine === machine() ? undefined : checkpoint
}

/** Runs it in one process at a time. */
export function behindGate(folder: string, run: () => void): void {
  const path = join(folder, 'gate')
  fs.mkdirSync(path, { recursive: true })
  // The write lock of a separate LMDB: it is released even if the process is killed.
  const gate = openDatabase(path, { flushes: false })
  try {
    gate.transactionSync(run, abortable)
  } finally {
    void gate.close()
  }
}

/** Called before LMDB is opened by a process that writes no log: its file is used as it is from now on. */
export function forgetCheckpoints(folder: string, machine: Machine): void {
  const checkpoints = new Checkpoints(folder)
  if (checkpoints.findWhole() === undefined) return
  ensureCheckpoint(folder, machine)
  checkpoints.removeAll()
}

/** May be interrupted and started again: the checkpoint that it starts from stays until there is another. */
function makeCheckpoint(folder: string, machine: Machine, checkpoints: Checkpoints): void {
  const last = fs.existsSync(dataFile(folder)) ? checkpoints.findWhole() : undefined
  if (last === undefined) checkpoints.removeAll()
  else goBack(folder, last)
  const log = new RedoLog(folder)
  const database = openDatabase(folder, { flushes: false })
  const file = fs.openSync(dataFile(folder), 'r+')
  const room = new DataFileRoom(folder, undefined)
  const pinned = database.useReadTransaction()
  const save = () =>
    database.transactionSync(() => {
      const { segment, sequence } = positionIn(database)
      fs.fdatasyncSync(file)
      checkpoints.saveSync({ sequence, segment, machine: machine(), meta: readMeta(file) })
      return ABORT
    }, abortable)
  try {
    room.ensure()
    if (last !== undefined) redo(database, log, room)
    else {
      // Removes what may be there of a transaction that was not made. Then there is a checkpoint before anything is
      // written.
      log.retract(positionIn(database))
      save()
    }
    turnSegment(database, log)
    save()
  } finally {
    pinned.done()
    room.close()
    fs.closeSync(file)
    log.close()
    void database.close()
  }
}

const inUse =
  'is open in another process, for which it is not the same file since the same start of the machine: ' +
  'it runs in another sandbox, or data.mdb was replaced meanwhile. End that process, and start again.'

function goBack(folder: string, { meta }: Checkpoint): void {
  // That process would read and write pages that have changed meanwhile.
  if (isLmdbOpen(folder)) throw new IndexUnreadable(`${folder} ${inUse}`)
  const file = fs.openSync(dataFile(folder), 'r+')
  try {
    writeMeta(file, meta)
  } finally {
    fs.closeSync(file)
  }
  // Its locks are of processes that have ended.
  fs.rmSync(join(folder, 'lock.mdb'), { force: true })
}

function redo(database: Database, log: RedoLog, room: DataFileRoom): void {
  for (;;) {
    const puts = log.read(positionIn(database))
    if (puts === undefined) return
    room.ensure(
      puts.length,
      puts.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0),
    )
    database.transactionSync(() => {
      for (const { key, value } of puts) {
        if (value === undefined) database.removeSync(key)
        else database.putSync(key, value)
      }
    }, abortable)
  }
}

/**
 * After the last record there may be records separated from it by damage. They must never seem to follow what is
 * written next.
 */
function turnSegment(database: Database, log: RedoLog): void {
  database.transactionSync(() => {
    beginSegment(database, log)
  }, abortable)
}
