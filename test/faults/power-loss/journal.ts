/**
 * The actions of a store on its disk, in order: file operations, commits and flushes of the index, and its answers to
 * clients. test/faults/power-loss/power-loss.ts computes from it the disks that a power loss may leave.
 */
import fs from 'node:fs'
import { libc } from '#lib/system/libc.ts'
import type { Bytes, Committed, Entry, KeyRange } from '#metadata/engine.ts'
import type { Exclusive, LocalCheck, LocalEngine, LocalWrite, ReadInPlace } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import type { FileCall, FileWatch } from '../file-calls.ts'

/** A file by its identity: names come and go. */
export interface RecordedFile {
  readonly inode: number
}

export interface FileState {
  readonly content: Buffer
  readonly mtimeMs: number
}

/** `logged`: what the log has, if that is more. */
export type Row = readonly [key: Buffer, value: Buffer | undefined, logged?: Buffer]

export type JournalEvent =
  /** Names: each path gets the file, or is removed. One event is one step of the file system's own journal. */
  | { readonly kind: 'names'; readonly changes: readonly (readonly [path: string, file: RecordedFile | undefined])[] }
  | { readonly kind: 'data'; readonly file: RecordedFile; readonly state: FileState }
  | { readonly kind: 'sync'; readonly file: RecordedFile }
  | { readonly kind: 'syncFolder'; readonly folder: string }
  | { readonly kind: 'syncVolume' }
  | { readonly kind: 'commit'; readonly rows: readonly Row[] }
  /** All commits so far are on disk. */
  | { readonly kind: 'flush'; readonly commits: number }
  /** The index can return to its state after this number of commits without its log. */
  | { readonly kind: 'checkpoint'; readonly commits: number }
  /** For the test: something that clients know. */
  | { readonly kind: 'note'; readonly note: unknown }

export class Journal implements FileWatch {
  readonly events: JournalEvent[] = []
  readonly #names = new Map<string, RecordedFile>()
  /**
   * Every file is kept: a reused inode would mean two files on the computed disks. Not as an open file, which could not
   * become a spare.
   */
  readonly #held: number[] = []
  /** Removals of files that did not exist. */
  readonly #missing = new Set<string>()
  #commits = 0

  get commits(): number {
    return this.#commits
  }

  note(note: unknown): void {
    this.events.push({ kind: 'note', note })
  }

  commit(rows: readonly Row[]): void {
    this.#commits++
    this.events.push({ kind: 'commit', rows })
  }

  /** Files that were there, durably, before the first event. */
  adopt(path: string, file: RecordedFile): void {
    this.#names.set(path, file)
    this.#held.push(fs.openSync(path, holdOnly))
  }

  close(): void {
    for (const fd of this.#held.splice(0)) fs.closeSync(fd)
  }

  /** The power fails in our minds only: nothing needs to reach a disk. */
  before({ operation, path }: FileCall): 'pretend' | undefined {
    if (isRemoval(operation) && !fs.existsSync(path)) this.#missing.add(path)
    return operation === 'fsync' || operation === 'fdatasync' ? 'pretend' : undefined
  }

  after({ operation, path, to, rest }: FileCall): void {
    const file = this.#names.get(path)
    if (operation === 'rename' && to !== undefined) this.#rename(path, to)
    else if (operation === 'exchange' && to !== undefined) this.#exchange(path, to)
    else if (operation === 'copyFile' && to !== undefined) this.#create(to)
    else if (isRemoval(operation)) this.#remove(path)
    else if (operation === 'open' || operation === 'writeFile') {
      const flags = rest[0] as string | number | undefined
      const mayCreate = operation === 'writeFile' || flags === 'wx' || (Number(flags) & fs.constants.O_CREAT) !== 0
      if (mayCreate && file === undefined) this.#create(path)
      else if (operation === 'writeFile') this.#data(path)
      else if (file === undefined && (Number(flags) & fs.constants.O_WRONLY) !== 0) this.#findSpare(path)
    } else if (operation === 'write' || operation === 'ftruncate') this.#data(path)
    else if (operation === 'fsync' || operation === 'fdatasync') {
      this.events.push(file === undefined ? { kind: 'syncFolder', folder: path } : { kind: 'sync', file })
    } else if (operation === 'sync') this.events.push({ kind: 'syncVolume' })
    else if (operation === 'rmdir') this.events.push({ kind: 'names', changes: [[path, undefined]] })
    else if (operation === 'link') throw new Error('the journal does not know links')
  }

  #create(path: string): void {
    const file = { inode: fs.lstatSync(path).ino }
    this.adopt(path, file)
    this.#data(path)
    this.events.push({ kind: 'names', changes: [[path, file]] })
  }

  /** A thread gave it its name, and calls of threads are not intercepted. */
  #findSpare(path: string): void {
    const { ino } = fs.lstatSync(path)
    const name = [...this.#names].find(([, file]) => file.inode === ino)?.[0]
    if (name !== undefined) this.#rename(name, path)
  }

  #data(path: string): void {
    const file = this.#names.get(path)
    if (file === undefined) return
    const state = { content: fs.readFileSync(path), mtimeMs: fs.lstatSync(path).mtimeMs }
    this.events.push({ kind: 'data', file, state })
  }

  #rename(from: string, to: string): void {
    const file = this.#names.get(from)
    if (file === undefined) throw new Error(`a file that nobody made was moved: ${from}`)
    this.#names.delete(from)
    this.#names.set(to, file)
    this.events.push({
      kind: 'names',
      changes: [
        [from, undefined],
        [to, file],
      ],
    })
  }

  #exchange(path: string, other: string): void {
    const [file, otherFile] = [this.#names.get(path), this.#names.get(other)]
    if (file === undefined || otherFile === undefined) throw new Error(`a file that nobody made was moved: ${path}`)
    this.#names.set(path, otherFile)
    this.#names.set(other, file)
    this.events.push({
      kind: 'names',
      changes: [
        [path, otherFile],
        [other, file],
      ],
    })
  }

  /** A file, or a whole folder: then each file in it is a step of its own. */
  #remove(path: string): void {
    // A thread has moved it away.
    if (this.#missing.delete(path)) return
    for (const name of [...this.#names.keys()]) {
      if (name !== path && !name.startsWith(`${path}/`)) continue
      this.#names.delete(name)
      this.events.push({ kind: 'names', changes: [[name, undefined]] })
    }
  }
}

const isRemoval = (operation: string) => operation === 'rm' || operation === 'unlink'

/** open(2), O_PATH. Without it there are no spares either. */
const holdOnly = process.platform === 'linux' ? 0o10000000 : 'r'

const commitsPerCheckpoint = 4

/**
 * An engine whose commits reach the disk some time after they are visible, as in the LMDB engine: the flush follows a
 * few turns of the event loop later. Further commits do not wait for it, exclusive sections do. After every few commits
 * there is a checkpoint, for which files are synced if they can be synced together.
 */
export class JournalEngine implements LocalEngine {
  readonly #inner: LocalEngine = openMemoryEngine()
  readonly #journal: Journal
  #flushed: Promise<void> = Promise.resolve()
  #turn: Promise<unknown> = Promise.resolve()
  #checkpointed: Promise<void> = Promise.resolve()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  async load(rows: Iterable<Row>): Promise<void> {
    const writes = [...rows].map(([key, value]) => ({ key, value }))
    await this.#inner.commit({ checks: [], writes })
  }

  get(key: Bytes) {
    return this.#inner.get(key)
  }

  getMany(keys: readonly Bytes[]) {
    return this.#inner.getMany(keys)
  }

  scan(range: KeyRange, options?: { limit?: number; reverse?: boolean }): Entry[] {
    return this.#inner.scan(range, options) as Entry[]
  }

  scanInPlace<T>(range: KeyRange, limit: number, read: ReadInPlace<T>): T[] {
    return this.#inner.scanInPlace(range, limit, read) as T[]
  }

  commit(commit: { checks: readonly LocalCheck[]; writes: readonly LocalWrite[] }): Promise<Committed | undefined> {
    return this.#inTurn(async () => {
      const logged = new Map<string, Bytes>()
      const writes = commit.writes.map((write) => {
        if (!('rest' in write) || write.rest === undefined || write.value === undefined) return write
        const whole = Buffer.concat([write.value, ...write.rest])
        logged.set(nameOf(write.key), whole)
        return libc.canSyncVolume() ? write : { key: write.key, value: whole }
      })
      if ((await this.#inner.commit({ checks: commit.checks, writes })) === undefined) return undefined
      this.#record(
        commit.writes.flatMap((write) => ('key' in write ? [write.key] : [])),
        logged,
      )
      return { flushed: this.#flushed }
    })
  }

  exclusively<T>(section: (view: Exclusive) => T): Promise<T> {
    return this.#inTurn(async () => {
      await this.#flushed
      const keys: Bytes[] = []
      const result = await this.#inner.exclusively((view) =>
        section({
          get: (key) => view.get(key),
          scan: (range, options) => view.scan(range, options),
          put: (key, value) => {
            keys.push(key)
            view.put(key, value)
          },
        }),
      )
      if (keys.length > 0) this.#record(keys, new Map())
      return result
    })
  }

  async flush(): Promise<void> {
    await this.#flushed
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#flushed
    await this.#checkpointed
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(run)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #record(keys: readonly Bytes[], logged: ReadonlyMap<string, Bytes>): void {
    const rows = keys.map((key): Row => {
      const value = this.#inner.get(key) as Bytes | undefined
      if (value === undefined) return [Buffer.from(key), undefined]
      return [Buffer.from(key), Buffer.from(value), Buffer.from(logged.get(nameOf(key)) ?? value)]
    })
    this.#journal.commit(rows)
    const { commits } = this.#journal
    this.#flushed = turns(3).then(() => {
      this.#journal.events.push({ kind: 'flush', commits })
    })
    if (commits % commitsPerCheckpoint === 0) this.#checkpointed = this.#checkpointed.then(() => this.#checkpoint())
  }

  async #checkpoint(): Promise<void> {
    const { commits } = this.#journal
    await turns(2)
    if (libc.canSyncVolume()) this.#journal.events.push({ kind: 'syncVolume' })
    await turns(2)
    this.#journal.events.push({ kind: 'checkpoint', commits })
  }
}

const nameOf = (key: Bytes): string => Buffer.from(key).toString('latin1')

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export function describeEvent(event: JournalEvent | undefined): string {
  if (event === undefined) return 'none'
  if (event.kind === 'names') return event.changes.map(([path, file]) => `${file ? '+' : '-'}${path}`).join(' ')
  if (event.kind !== 'commit') return event.kind
  return `commit ${event.rows.map(([key, value]) => `${value ? '+' : '-'}${key.toString().replaceAll('\0', '|')}`).join(' ')}`
}
