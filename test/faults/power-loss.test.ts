/**
 * The power fails after any file operation, commit or flush of a session, and again while the store recovers. MYFSIO_POWER_SESSIONS
 * asks for more sessions, MYFSIO_SEED for a certain one.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Durability } from '#store/context.ts'
import { watchFiles } from './file-calls.ts'
import { Journal, JournalEngine } from './journal.ts'
import { type Disk, diskAfter, emptyDisk, type Loss, writeDisk } from './power-loss.ts'
import { openUnder, type Random, readAll, Session } from './session.ts'
import { contradictions, type Knowledge, knowledgeAfter } from './witness.ts'

const sessions = Number(process.env.MYFSIO_POWER_SESSIONS ?? 2)
const firstSeed = Number(process.env.MYFSIO_SEED ?? Math.floor(Math.random() * 1e6))
const steps = 14

describe('a power loss', () => {
  let folder: string
  let runs = 0

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'myfsio-power-'))
  })
  afterEach(async () => {
    vi.useRealTimers()
    await rm(folder, { recursive: true, force: true })
  })

  async function record(random: Random, durability: Durability): Promise<{ journal: Journal; root: string }> {
    const root = join(folder, `session-${runs++}`)
    const journal = new Journal()
    // Only what sleeps: so a second passes when we say so.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const unwatch = await watchFiles(root, journal)
    try {
      const store = await openUnder(root, new JournalEngine(journal), durability, [])
      const session = new Session(store, journal, random)
      await session.createBuckets()
      for (let step = 0; step < steps; step++) {
        await session.step()
        if (random() < 0.2) await vi.advanceTimersByTimeAsync(1000)
      }
      await store.close()
    } finally {
      unwatch()
      journal.close()
      vi.useRealTimers()
    }
    return { journal, root }
  }

  /** Opens a store on the disk, and checks what it finds; returns what that did to the disk. */
  async function recover(disk: Disk, from: string, durability: Durability, known: Knowledge) {
    const root = join(folder, `${runs++}`)
    const journal = new Journal()
    const base = writeDisk(disk, from, root)
    for (const [path, { file }] of base.files) journal.adopt(path, file)
    const engine = new JournalEngine(journal)
    await engine.load(base.rows.values())
    const surprises: string[] = []
    const unwatch = await watchFiles(root, journal)
    try {
      const store = await openUnder(root, engine, durability, surprises)
      const found = await readAll(store, root)
      await store.close()
      expect(surprises).toEqual([])
      expect(contradictions(known, found.keys)).toEqual([])
      for (const [id, value] of known.versions) expect([id, found.versions.get(id)]).toEqual([id, value])
    } finally {
      unwatch()
      journal.close()
    }
    await rm(root, { recursive: true, force: true })
    return { base, journal, root }
  }

  async function loseEverywhere(seed: number, durability: 'strict' | 'relaxed'): Promise<number> {
    const random = randomFrom(seed)
    const { journal, root } = await record(random, durability)
    let count = 0
    for (let at = 0; at <= journal.events.length; at++) {
      const known = knowledgeAfter(journal.events.slice(0, at), durability === 'relaxed')
      const losses: Loss[] = ['worst', { random }]
      if (random() < 0.3) losses.push('kill')
      for (const loss of losses) {
        const where = `seed ${seed}, ${durability}, after event ${at} (${describeEvent(journal, at)}), ${JSON.stringify(loss)}`
        try {
          const first = await recover(diskAfter(emptyDisk, journal, at, loss), root, durability, known)
          count++
          if (random() < 0.8) continue
          const within = Math.floor(random() * (first.journal.events.length + 1))
          try {
            await recover(diskAfter(first.base, first.journal, within, { random }), first.root, durability, known)
          } catch (error) {
            if (process.env.MYFSIO_TRACE)
              for (let i = 0; i <= within; i++) console.log('EV second', i, describeEvent(first.journal, i))
            throw new Error(`again after event ${within}: ${error instanceof Error ? error.message : error}`, {
              cause: error,
            })
          }
          count++
        } catch (error) {
          if (process.env.MYFSIO_TRACE)
            for (let i = Math.max(0, at - 45); i <= at; i++) console.log('EV', i, describeEvent(journal, i))
          throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, { cause: error })
        }
      }
    }
    return count
  }

  it.each(['strict', 'relaxed'] as const)(
    'takes nothing that %s durability promises, wherever it strikes',
    { timeout: 60_000 * sessions },
    async (durability) => {
      let count = 0
      for (let i = 0; i < sessions; i++) count += await loseEverywhere(firstSeed + i, durability)
      console.log(`${count} power losses in ${sessions} sessions, ${durability}, from seed ${firstSeed}`)
    },
  )
})

function describeEvent(journal: Journal, at: number): string {
  const event = journal.events[at - 1]
  if (event === undefined) return 'none'
  if (event.kind === 'names') return event.changes.map(([path, file]) => `${file ? '+' : '-'}${path}`).join(' ')
  if (event.kind === 'note')
    return JSON.stringify(event.note, (_, value: unknown) => (value instanceof Map ? [...value] : value))
  if (event.kind === 'commit')
    return `commit ${event.rows.map(([key, value]) => `${value ? '+' : '-'}${key.toString('latin1')}`).join(' ')}`
  return event.kind
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
