/**
 * The index is compacted while processes are killed and the power fails: after each call that changes or syncs a file.
 * Unsynced pages may be on disk or not, each independently; names are those of any moment since the folder was synced.
 * MYFSIO_POWER_LOSSES sets the number, MYFSIO_SEED a certain run.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { type Random, randomFrom } from '../../random.ts'

const seed = Number(process.env.MYFSIO_SEED ?? Math.floor(Math.random() * 1e6))
/** The number at each step. */
const losses = Number(process.env.MYFSIO_POWER_LOSSES ?? 1)
const pageBytes = 4096
const compactFromBytes = 128 * 1024
const fileNames = /^(data\.mdb|log-\d|checkpoint-.*)$/
const everything = { start: Buffer.from('k'), end: Buffer.from('l') }

type Names = ReadonlyMap<string, number>
interface State {
  readonly names: readonly Names[]
  readonly current: ReadonlyMap<number, Buffer>
  readonly synced: ReadonlyMap<number, Buffer>
}

/** The content that the disk certainly has, and the content that it may have, before each call. */
class Recorder implements Disposable {
  readonly states: State[] = []
  readonly #folder: string
  /**
   * A second name for each file that was seen: a new file never gets the inode, and so the synced content, of a removed
   * one.
   */
  readonly #held: string
  readonly #synced = new Map<number, Buffer>()
  /** Since the folder was synced. */
  #names: Names[] = []
  readonly #originals: Partial<typeof fs> = {}

  constructor(folder: string) {
    this.#folder = folder
    this.#held = fs.mkdtempSync(`${folder}-held-`)
    for (const [ino, content] of this.#read().contents) this.#synced.set(ino, content)
    this.#names = [this.#read().names]
    const calls = [
      'renameSync',
      'linkSync',
      'rmSync',
      'writeFileSync',
      'writeSync',
      'fsyncSync',
      'fdatasyncSync',
    ] as const
    for (const name of calls) this.#watch(name)
  }

  #watch(
    name: 'renameSync' | 'linkSync' | 'rmSync' | 'writeFileSync' | 'writeSync' | 'fsyncSync' | 'fdatasyncSync',
  ): void {
    const original = fs[name] as (...rest: unknown[]) => unknown
    Object.assign(this.#originals, { [name]: original })
    Object.assign(fs, {
      [name]: (...rest: unknown[]) => {
        this.#record()
        const result = original.apply(fs, rest)
        if (name === 'fsyncSync' || name === 'fdatasyncSync') this.#sync(`/proc/self/fd/${rest[0]}`)
        if (name === 'writeFileSync') this.#sync(String(rest[0]))
        this.#names.push(this.#read().names)
        return result
      },
    })
  }

  #sync(path: string): void {
    if (fs.statSync(path).isDirectory()) this.#names = [this.#read().names]
    else this.#synced.set(this.#hold(fs.realpathSync(path)), fs.readFileSync(path))
  }

  #hold(path: string): number {
    const { ino } = fs.statSync(path)
    const link = this.#originals.linkSync ?? fs.linkSync
    const held = join(this.#held, String(ino))
    if (!fs.existsSync(held)) link(path, held)
    return ino
  }

  #record(): void {
    const { names, contents } = this.#read()
    this.states.push({ names: [...this.#names, names], current: contents, synced: new Map(this.#synced) })
  }

  #read(): { names: Names; contents: Map<number, Buffer> } {
    const names = new Map<string, number>()
    const contents = new Map<number, Buffer>()
    const folders = [this.#folder, join(this.#folder, 'compact/new')].filter((path) => fs.existsSync(path))
    for (const folder of folders) {
      for (const name of fs.readdirSync(folder).filter((one) => fileNames.test(one))) {
        const path = join(folder, name)
        const ino = this.#hold(path)
        if (folder === this.#folder) names.set(name, ino)
        contents.set(ino, fs.readFileSync(path))
      }
    }
    return { names, contents }
  }

  [Symbol.dispose](): void {
    Object.assign(fs, this.#originals)
    this.#record()
    fs.rmSync(this.#held, { recursive: true })
  }
}

function writeAsKilled(target: string, { names, current }: State): void {
  for (const [name, ino] of names.at(-1) ?? []) fs.writeFileSync(join(target, name), current.get(ino) ?? '')
}

function writeAsLost(target: string, { names, current, synced }: State, random: Random): void {
  const chosen = names[Math.floor(random() * names.length)] ?? new Map<string, number>()
  for (const [name, ino] of chosen) {
    const [before, now] = [synced.get(ino) ?? Buffer.alloc(0), current.get(ino) ?? synced.get(ino) ?? Buffer.alloc(0)]
    const content = Buffer.alloc(random() < 0.5 ? now.length : Math.max(before.length, 0))
    for (let at = 0; at < content.length; at += pageBytes) {
      const source = random() < 0.5 ? now : before
      if (at < source.length) source.copy(content, at, at, Math.min(at + pageBytes, source.length))
    }
    fs.writeFileSync(join(target, name), content)
  }
}

async function readAll(engine: MetadataEngine): Promise<Map<string, string>> {
  const entries = await engine.scan(everything)
  return new Map(entries.map(({ key, value }) => [Buffer.from(key).toString(), Buffer.from(value).toString()]))
}

async function put(engine: MetadataEngine, entries: readonly (readonly [string, string | undefined])[]): Promise<void> {
  const writes = entries.map(([key, value]) => ({
    key: Buffer.from(key),
    value: value === undefined ? undefined : Buffer.from(value),
  }))
  await (await engine.commit({ checks: [], writes }))?.flushed
}

/** Writes much, removes nearly all of it, and writes some more. */
async function fill(engine: MetadataEngine): Promise<void> {
  const keys = Array.from({ length: 300 }, (_, i) => `k${String(i).padStart(5, '0')}`)
  for (let from = 0; from < keys.length; from += 100) {
    await put(
      engine,
      keys.slice(from, from + 100).map((key) => [key, key.padEnd(2000, '.')]),
    )
  }
  for (let from = 0; from < keys.length; from += 100) {
    await put(
      engine,
      keys.slice(from, from + 100).map((key, i) => [key, i % 20 === 0 ? key : undefined]),
    )
  }
  for (let i = 0; i < 5; i++) await put(engine, [[`klast${i}`, `${i}`]])
}

describe('compaction of the index', () => {
  let root: string
  let folders = 0
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-compaction-'))
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  const newFolder = () => {
    const folder = join(root, String(folders++))
    fs.mkdirSync(folder)
    return folder
  }
  const open = (path: string, machine: string, more = {}) =>
    openLmdbEngine({ path, flush: 'each', machine, compactFromBytes, ...more })
  const sizeOf = (folder: string) => fs.statSync(join(folder, 'data.mdb')).size

  /** The folder of an index while a process has it open, and its content. */
  async function prepare(): Promise<{ folder: string; rows: Map<string, string> }> {
    const [live, folder] = [newFolder(), newFolder()]
    const engine = open(live, '1')
    await fill(engine)
    for (const name of fs.readdirSync(live).filter((one) => fileNames.test(one))) {
      fs.copyFileSync(join(live, name), join(folder, name))
    }
    const rows = await readAll(engine)
    await engine.close()
    expect(rows.size).toBe(20)
    return { folder, rows }
  }

  async function expectRows(folder: string, machine: string, rows: Map<string, string>, where: string): Promise<void> {
    for (const boot of [machine, machine, `${machine}, again`]) {
      const engine = open(folder, boot)
      try {
        expect(await readAll(engine), where).toEqual(rows)
        rows.set('kmore', `${where} ${boot}`)
        await put(engine, [['kmore', `${where} ${boot}`]])
      } finally {
        await engine.close()
      }
    }
    expect(sizeOf(folder), where).toBeLessThan(compactFromBytes)
  }

  /** The power fails once more, while the index is restored. */
  async function loseAgain(folder: string, random: Random): Promise<string> {
    const target = newFolder()
    let states: readonly State[]
    {
      using recorder = new Recorder(folder)
      const engine = open(folder, '3')
      await engine.close()
      states = recorder.states
    }
    writeAsLost(target, states[Math.floor(random() * states.length)] as State, random)
    return target
  }

  it.each([
    ['an ordinary start', '1'],
    ['a start after a power loss', '2'],
  ])('has every entry whenever it is interrupted, at %s', { timeout: 240_000 }, async (_, machine) => {
    const random = randomFrom(seed)
    const { folder, rows } = await prepare()
    expect(sizeOf(folder)).toBeGreaterThan(2 * compactFromBytes)
    let states: readonly State[]
    {
      using recorder = new Recorder(folder)
      const engine = open(folder, machine)
      await engine.close()
      states = recorder.states
    }
    expect(sizeOf(folder)).toBeLessThan(compactFromBytes)
    expect(states.length).toBeGreaterThan(10)
    for (const [step, state] of states.entries()) {
      const killed = newFolder()
      writeAsKilled(killed, state)
      await expectRows(killed, machine, new Map(rows), `killed at step ${step}`)
      for (let time = 0; time < losses; time++) {
        const lost = newFolder()
        writeAsLost(lost, state, random)
        const again = random() < 0.5 ? await loseAgain(lost, random) : lost
        await expectRows(again, '4', new Map(rows), `seed ${seed}, power lost at step ${step}, ${time}`)
        await rm(lost, { recursive: true })
      }
      await rm(killed, { recursive: true })
    }
  })

  it('leaves the index alone while another process has it open, and compacts it afterwards', async () => {
    const { folder, rows } = await prepare()
    const program = fileURLToPath(new URL('./index-holder.ts', import.meta.url))
    const holder = fork(program, [folder, '1'], { execArgv: ['--import', 'tsx'] })
    await once(holder, 'message')
    const size = sizeOf(folder)
    const engine = open(folder, '1')
    expect(sizeOf(folder)).toBe(size)
    await engine.close()
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await expectRows(folder, '1', rows, 'after the other')
  })

  it('does not take the index back under a process that says it is of another machine', async () => {
    const { folder, rows } = await prepare()
    const program = fileURLToPath(new URL('./index-holder.ts', import.meta.url))
    const holder = fork(program, [folder, '1'], { execArgv: ['--import', 'tsx'] })
    await once(holder, 'message')
    const before = fs.readFileSync(join(folder, 'data.mdb'))
    expect(() => open(folder, '2')).toThrow('is open in another process')
    expect(fs.readFileSync(join(folder, 'data.mdb')).equals(before)).toBe(true)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await expectRows(folder, '2', rows, 'after the other')
  })

  it('leaves the index alone while this process has it open', async () => {
    const { folder } = await prepare()
    const first = open(folder, '1', { compactFromBytes: Number.POSITIVE_INFINITY })
    const size = sizeOf(folder)
    const second = open(folder, '1')
    expect(sizeOf(folder)).toBe(size)
    await put(second, [['k', 'second']])
    expect((await readAll(first)).get('k')).toBe('second')
    await first.close()
    await second.close()
  })

  it('leaves an index alone that is in use for the most part', async () => {
    const folder = newFolder()
    const engine = open(folder, '1')
    for (let i = 0; i < 20; i++) await put(engine, [[`k${i}`, ''.padEnd(50_000, 'x')]])
    await engine.close()
    const { ino } = fs.statSync(join(folder, 'data.mdb'))
    await open(folder, '1').close()
    expect(fs.statSync(join(folder, 'data.mdb')).ino).toBe(ino)
  })
})
