/**
 * The power fails while LMDB's file, the redo log and checkpoints are written, and again while they are restored.
 * Unsynced pages may be on disk or not, each independently. The next start must find the result of a whole number of
 * transactions, including all that were reported as flushed. MYFSIO_POWER_LOSSES sets the number, MYFSIO_SEED a certain
 * run.
 */
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { transact } from '#metadata/transact.ts'
import { type Random, randomFrom } from '../../random.ts'

const losses = Number(process.env.MYFSIO_POWER_LOSSES ?? 60)
const firstSeed = Number(process.env.MYFSIO_SEED ?? Math.floor(Math.random() * 1e6))
const pageBytes = 4096
const segmentBytes = 16 * 1024
const bytes = (text: string) => Buffer.from(text)
const counterKey = bytes('n')

/** The folder as the disk has it for certain, and what came since. */
class Disk implements Disposable {
  readonly folder: string
  readonly #durable = new Map<string, Buffer>()
  readonly #whole = new Set<string>()
  /** Files that were there once: a power loss may bring them back. */
  readonly #seen = new Map<string, Buffer>()
  readonly #undo: () => void

  /**
   * `before`: the previous disk of these files, if only the processes have ended; otherwise the present content is on
   * disk.
   */
  constructor(folder: string, before?: Disk) {
    this.folder = folder
    for (const [name, content] of before === undefined ? this.#now() : before.#durable) this.#durable.set(name, content)
    for (const name of before === undefined ? this.#now().keys() : before.#whole) this.#whole.add(name)
    for (const [name, content] of before === undefined ? [] : before.#seen) this.#seen.set(name, content)
    const { fdatasync, fdatasyncSync } = fs
    const { writeFile } = fs.promises
    /** Returns a function that makes the present content durable. */
    const syncing = (fd: number) => {
      const path = fs.readlinkSync(`/proc/self/fd/${fd}`)
      const content = path.startsWith(`${folder}/`) ? fs.readFileSync(path) : undefined
      return () => content && this.#durable.set(path.slice(folder.length + 1), content)
    }
    Object.assign(fs, {
      fdatasync: (fd: number, done: (error: Error | null) => void) => {
        const finish = syncing(fd)
        setImmediate(() => {
          finish()
          done(null)
        })
      },
      fdatasyncSync: (fd: number) => void syncing(fd)(),
    })
    fs.promises.writeFile = async (path, ...rest) => {
      await writeFile(path, ...rest)
      this.#whole.add(String(path).slice(folder.length + 1))
    }
    syncBuiltinESMExports()
    this.#undo = () => {
      Object.assign(fs, { fdatasync, fdatasyncSync })
      fs.promises.writeFile = writeFile
      syncBuiltinESMExports()
    }
  }

  [Symbol.dispose](): void {
    this.#undo()
  }

  #now(): Map<string, Buffer> {
    const files = new Map<string, Buffer>()
    for (const name of fs.readdirSync(this.folder)) {
      if (/^(data\.mdb|log-\d|checkpoint-.*)$/.test(name)) files.set(name, fs.readFileSync(join(this.folder, name)))
    }
    return files
  }

  look(): void {
    for (const [name, content] of this.#now()) if (name.startsWith('checkpoint')) this.#seen.set(name, content)
  }

  /** Writes to the empty folder `target` all that was written. */
  keep(target: string): void {
    for (const [name, content] of this.#now()) fs.writeFileSync(join(target, name), content)
  }

  /** Writes the content that a power loss may leave to the empty folder `target`. */
  lose(target: string, random: Random): void {
    const now = this.#now()
    for (const [name, content] of now) {
      const [, base = name, isNew] = /^(checkpoint-.*?)(\.new)?$/.exec(name) ?? []
      if (!name.startsWith('checkpoint')) {
        fs.writeFileSync(join(target, name), mixed(this.#durable.get(name), content, random))
      } else if (isNew === undefined) fs.writeFileSync(join(target, random() < 0.5 ? `${base}.new` : base), content)
      else if (random() < 0.7) {
        const isWhole = this.#whole.has(name) || random() < 0.3
        fs.writeFileSync(join(target, name), isWhole ? content : content.subarray(0, random() * content.length))
      }
    }
    for (const [name, content] of this.#seen) {
      const base = name.replace(/\.new$/, '')
      const isThere = now.has(base) || now.has(`${base}.new`)
      // The removed ones were complete and announced.
      if (!isThere && this.#whole.has(`${base}.new`) && random() < 0.3) fs.writeFileSync(join(target, base), content)
    }
  }
}

/** Page by page as it was synced, or as it was written since. */
function mixed(synced: Buffer | undefined, now: Buffer, random: Random): Buffer {
  const share = random() < 0.3 ? 0 : random()
  const length = random() < 0.5 ? now.length : Math.max(synced?.length ?? 0, Math.floor(now.length * random()))
  const content = Buffer.alloc(Math.min(length, now.length))
  for (let at = 0; at < content.length; at += pageBytes) {
    const source = random() < share ? now : synced
    if (source !== undefined && at < source.length)
      source.copy(content, at, at, Math.min(at + pageBytes, source.length))
  }
  return content
}

type State = ReadonlyMap<string, string>

/** The results of transactions, which are counted in the index itself. */
class History {
  /** After each of them. */
  readonly states: State[]
  flushed = 0
  /** All records of the log have one size: an old one may seem to follow a new one. */
  readonly #isEven: boolean

  constructor(states: State[], flushed: number, isEven: boolean) {
    this.states = states
    this.flushed = flushed
    this.#isEven = isEven
  }

  async write(engine: MetadataEngine, random: Random): Promise<void> {
    const { result, committed } = await transact(engine, async (transaction) => {
      const count = Number(Buffer.from((await transaction.get(counterKey)) ?? bytes('0')).toString()) + 1
      const changes = Array.from({ length: this.#isEven ? 1 : 1 + Math.floor(random() * 4) }, () => {
        const key = `k${100 + Math.floor(random() * 200)}`
        const size = random() < 0.1 ? 60_000 : random() * 6000
        if (this.#isEven) return [key, `${count}`.padEnd(3000, String(count))] as const
        return [key, random() < 0.2 ? undefined : `${count}`.padEnd(size, String(count))] as const
      })
      for (const [key, value] of changes) {
        if (value === undefined) transaction.remove(bytes(key))
        else transaction.put(bytes(key), bytes(value))
      }
      transaction.put(counterKey, bytes(String(count)))
      return { count, changes }
    })
    const state = new Map(this.states[result.count - 1])
    for (const [key, value] of result.changes) {
      if (value === undefined) state.delete(key)
      else state.set(key, value)
    }
    this.states[result.count] = state
    await committed.flushed
    this.flushed = Math.max(this.flushed, result.count)
  }
}

async function readState(engine: MetadataEngine): Promise<{ state: State; count: number }> {
  const entries = await engine.scan({ start: bytes('k'), end: bytes('l') })
  const text = (value: Uint8Array) => Buffer.from(value).toString()
  const state = new Map(entries.map(({ key, value }) => [text(key), text(value)]))
  return { state, count: Number(text((await engine.get(counterKey)) ?? bytes('0'))) }
}

async function asTimePasses(writing: readonly Promise<void>[]): Promise<void> {
  let isDone = false
  const all = Promise.all(writing).finally(() => {
    isDone = true
  })
  while (!isDone) {
    await vi.advanceTimersByTimeAsync(50)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await all
}

describe('the LMDB engine after a power loss', () => {
  let root: string
  let folders = 0
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-lmdb-loss-'))
    // Only timers: so a second passes when the test says so.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(async () => {
    vi.useRealTimers()
    await rm(root, { recursive: true, force: true })
  })

  const newFolder = () => {
    const folder = join(root, String(folders++))
    fs.mkdirSync(folder)
    return folder
  }

  /** Opens the index as on a machine that has been started again; sometimes the power fails once more meanwhile. */
  function restart(
    folder: string,
    open: (path: string) => MetadataEngine,
    random: Random,
  ): { folder: string; engine: MetadataEngine } {
    if (random() < 0.5) return { folder, engine: open(folder) }
    const { fdatasyncSync } = fs
    let syncs = Math.floor(random() * 3)
    const before = new Map(fs.readdirSync(folder).map((name) => [name, join(folder, name)]))
    const safe = new Map(
      [...before].filter(([, path]) => fs.statSync(path).isFile()).map(([name, path]) => [name, fs.readFileSync(path)]),
    )
    const target = newFolder()
    Object.assign(fs, {
      fdatasyncSync: (fd: number) => {
        if (syncs-- > 0) return fdatasyncSync(fd)
        for (const name of fs.readdirSync(folder)) {
          const path = join(folder, name)
          if (!fs.statSync(path).isFile() || name === 'lock.mdb') continue
          fs.writeFileSync(join(target, name), mixed(safe.get(name), fs.readFileSync(path), random))
        }
        throw new Error('the power fails')
      },
    })
    try {
      return { folder, engine: open(folder) }
    } catch (error) {
      expect(String(error)).toContain('the power fails')
    } finally {
      Object.assign(fs, { fdatasyncSync })
    }
    return { folder: target, engine: open(target) }
  }

  it.each(['each', 'soon'] as const)('has lost nothing that was flushed (%s)', { timeout: 120_000 }, async (flush) => {
    const random = randomFrom(firstSeed)
    let folder = newFolder()
    let history = new History([new Map()], 0, true)
    let killed: Disk | undefined
    let boot = 0
    for (let loss = 0; loss < losses; loss++) {
      const where = `seed ${firstSeed}, loss ${loss}`
      const options = { path: folder, flush, machine: String(boot), segmentBytes }
      // Like two processes.
      const engines = [openLmdbEngine(options), openLmdbEngine(options)]
      const target = newFolder()
      const writing: Promise<void>[] = []
      const isKill = random() < 0.3
      {
        using disk = new Disk(folder, killed)
        const steps = Math.floor(random() * (random() < 0.4 ? 4 : 60))
        for (let step = 0; step < steps; step++) {
          const engine = engines[random() < 0.6 ? 0 : 1] as MetadataEngine
          writing.push(history.write(engine, random))
          if (random() < 0.1) await asTimePasses(writing.splice(0))
          disk.look()
          if (random() < 0.5) await vi.advanceTimersByTimeAsync(random() * 700)
          for (let turns = random() * 4; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
        }
        killed = isKill ? disk : undefined
        if (isKill) disk.keep(target)
        else disk.lose(target, random)
      }
      const { flushed } = history
      await asTimePasses(writing)
      await Promise.all(engines.map((engine) => engine.close()))
      await rm(folder, { recursive: true })
      if (!isKill) boot++
      const open = (path: string) => openLmdbEngine({ path, flush: 'each', machine: String(boot), segmentBytes })
      const restarted = isKill ? { folder: target, engine: open(target) } : restart(target, open, random)
      const { state, count } = await readState(restarted.engine)
      expect(count, where).toBeGreaterThanOrEqual(flushed)
      expect(history.states[count], where).toEqual(state)
      await restarted.engine.close()
      folder = restarted.folder
      // Commits that a killed process had not flushed still need a flush.
      history = new History(history.states.slice(0, count + 1), isKill ? flushed : count, random() < 0.5)
    }
  })
})
