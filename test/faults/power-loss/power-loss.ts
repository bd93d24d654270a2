/**
 * The disks that a power loss may leave, worked out from a journal. What is assumed of the file system, and no more:
 *
 * - A file's bytes survive once they were synced. Until then they may be the new ones, zeros of the same length, none,
 * or those synced
 *   before.
 * - Making, moving and removing a name is one step each: it happened or it did not. A step survives once a folder that
 * it touches was
 *   synced. Until then any may be lost, but steps that touch the same name, a folder of it, or the same file stay in
 * order: a later one
 *   survives only with the earlier (ext4, XFS, Btrfs and APFS keep more order than that).
 * - syncfs(2) makes all of it survive.
 *
 * And of the index: it is as after one whole transaction, the last flushed one or any later one, whatever became of the
 * files. What was committed after the last checkpoint it has from its log. test/metadata/lmdb/lmdb-power-loss.test.ts
 * shows that of LMDB.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { decodePending, encodePending } from '#blobs/files/pending/pending.ts'
import { rowParts } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion } from '#metadata/version-codec.ts'
import type { FileState, Journal, JournalEvent, RecordedFile, Row } from './journal.ts'

export interface Disk {
  readonly files: ReadonlyMap<string, { readonly file: RecordedFile; readonly state: FileState }>
  readonly rows: ReadonlyMap<string, Row>
}

export const emptyDisk: Disk = { files: new Map(), rows: new Map() }

/** `kill`: only the processes end, so that everything done stays. `worst`: nothing stays but what must. */
export type Loss = 'kill' | 'worst' | { readonly random: () => number }

interface Step {
  readonly changes: readonly (readonly [path: string, file: RecordedFile | undefined])[]
  isSafe: boolean
}

interface Bytes {
  now: FileState
  safe: FileState | undefined
}

/** The disk after the first `count` events of the journal that began on `base`, and a loss. */
export function diskAfter(base: Disk, journal: Journal, count: number, loss: Loss): Disk {
  const events = journal.events.slice(0, count)
  const { steps, bytes } = replay(base, events)
  const names = new Map([...base.files].map(([path, { file }]) => [path, file]))
  for (const step of survivors(steps, loss)) {
    for (const [path, file] of step.changes) {
      if (file === undefined) names.delete(path)
      else names.set(path, file)
    }
  }
  const files = new Map(
    [...names].map(([path, file]) => [path, { file, state: stateAfter(bytes.get(file), loss) }] as const),
  )
  return { files, rows: rowsAfter(base, events, loss) }
}

function replay(base: Disk, events: readonly JournalEvent[]): { steps: Step[]; bytes: Map<RecordedFile, Bytes> } {
  const steps: Step[] = []
  const bytes = new Map([...base.files.values()].map(({ file, state }) => [file, { now: state, safe: state } as Bytes]))
  for (const event of events) {
    if (event.kind === 'names') steps.push({ changes: event.changes, isSafe: false })
    else if (event.kind === 'data') bytes.set(event.file, { now: event.state, safe: bytes.get(event.file)?.safe })
    else if (event.kind === 'sync') makeSafe(bytes.get(event.file))
    else if (event.kind === 'syncFolder') {
      for (const step of steps) if (step.changes.some(([path]) => dirname(path) === event.folder)) step.isSafe = true
    } else if (event.kind === 'syncVolume') {
      for (const step of steps) step.isSafe = true
      for (const each of bytes.values()) makeSafe(each)
    }
  }
  return { steps, bytes }
}

function makeSafe(bytes: Bytes | undefined): void {
  if (bytes !== undefined) bytes.safe = bytes.now
}

function survivors(steps: readonly Step[], loss: Loss): Step[] {
  if (loss === 'kill') return [...steps]
  const kept = new Set<Step>()
  const keep = (step: Step, index: number) => {
    if (kept.has(step)) return
    kept.add(step)
    for (const [i, earlier] of steps.slice(0, index).entries()) if (isBound(earlier, step)) keep(earlier, i)
  }
  for (const [index, step] of steps.entries()) if (step.isSafe) keep(step, index)
  if (loss !== 'worst') {
    for (const [index, step] of steps.entries()) {
      const isFree = steps.slice(0, index).every((earlier) => kept.has(earlier) || !isBound(earlier, step))
      if (isFree && loss.random() < 0.5) kept.add(step)
    }
  }
  return steps.filter((step) => kept.has(step))
}

function isBound(a: Step, b: Step): boolean {
  return a.changes.some(([path, file]) =>
    b.changes.some(([other, otherFile]) => isInWay(path, other) || (file !== undefined && file === otherFile)),
  )
}

/** One name, or a name and one in the folder of that name. */
const isInWay = (path: string, other: string) =>
  path === other || path.startsWith(`${other}/`) || other.startsWith(`${path}/`)

function stateAfter(bytes: Bytes | undefined, loss: Loss): FileState {
  if (bytes === undefined) throw new Error('a name without a file')
  if (loss === 'kill' || bytes.safe === bytes.now) return bytes.now
  const choice = loss === 'worst' ? 0 : Math.floor(loss.random() * 4)
  const { now, safe } = bytes
  if (choice === 0) return { ...now, content: Buffer.alloc(now.content.length) }
  if (choice === 1) return { ...now, content: Buffer.alloc(0) }
  return choice === 2 && safe !== undefined ? safe : now
}

function rowsAfter(base: Disk, events: readonly JournalEvent[], loss: Loss): Map<string, Row> {
  const commits = events.filter((event) => event.kind === 'commit')
  const checkpointed = events.findLast((event) => event.kind === 'checkpoint')?.commits ?? 0
  const flushed = Math.max(events.findLast((event) => event.kind === 'flush')?.commits ?? 0, checkpointed)
  const spare = commits.length - flushed
  const kept =
    loss === 'kill' ? commits.length : flushed + (loss === 'worst' ? 0 : Math.floor(loss.random() * (spare + 1)))
  const rows = new Map(base.rows)
  for (const [index, { rows: written }] of commits.slice(0, kept).entries()) {
    const isLogged = loss !== 'kill' && index >= checkpointed
    for (const [key, value, logged] of written) {
      const name = key.toString('latin1')
      if (value === undefined) rows.delete(name)
      else rows.set(name, [key, isLogged ? (logged ?? value) : value])
    }
  }
  return rows
}

/**
 * Writes the disk to the empty folder `root`, and returns it as it is there: files made anew have other inodes, so
 * those that the rows tell of are changed along. `from` is the root that the disk was recorded under.
 */
export function writeDisk(disk: Disk, from: string, root: string): Disk {
  const files = new Map<string, { file: RecordedFile; state: FileState }>()
  const made = new Map<number, { inode: number; was: FileState; is: FileState }>()
  for (const [path, { file, state }] of disk.files) {
    const target = root + path.slice(from.length)
    fs.mkdirSync(dirname(target), { recursive: true })
    fs.writeFileSync(target, state.content)
    fs.utimesSync(target, state.mtimeMs / 1000, state.mtimeMs / 1000)
    const stats = fs.lstatSync(target)
    const is = { content: state.content, mtimeMs: stats.mtimeMs }
    files.set(target, { file: { inode: stats.ino }, state: is })
    made.set(file.inode, { inode: stats.ino, was: state, is })
  }
  const rows = new Map<string, Row>()
  for (const [name, [key, value]] of disk.rows) {
    if (value !== undefined) rows.set(name, [key, withInodes(key, value, made)])
  }
  return { files, rows }
}

/** No file has this one: where the row's own file did not survive, none may pass for it. */
const noInode = 2 ** 52

function withInodes(
  key: Buffer,
  value: Buffer,
  made: ReadonlyMap<number, { inode: number; was: FileState; is: FileState }>,
): Buffer {
  const table = key.toString('latin1', 0, 1)
  if (table === 'o' || table === 'v') {
    const version = decodeVersion(rowParts(key)[1] ?? '', value)
    const { blob } = version
    const { stamp: inode, secondStamp: mtimeMs } = blob
    const file = made.get(inode)
    const stamps = {
      stamp: file?.inode ?? noInode + inode,
      secondStamp: file?.was.mtimeMs === mtimeMs ? file.is.mtimeMs : mtimeMs,
    }
    return encodeVersion({ ...version, blob: { ...blob, ...stamps } })
  }
  if (table !== 'q') return value
  const pending = decodePending(value)
  const inodeNow = (inode: number) => made.get(inode)?.inode ?? noInode + inode
  const removed = pending.removed.map((each) => ({ ...each, inode: inodeNow(each.inode) }))
  const inodes = (pending.inodes ?? []).map(inodeNow)
  return Buffer.concat(encodePending({ ...pending, removed, inodes }))
}
