/**
 * The power fails after any file operation, commit or flush of a session, and again while the store recovers.
 * MYFSIO_POWER_SESSIONS and MYFSIO_POWER_LOSSES set the numbers, MYFSIO_SEED a certain session (except for the order of
 * threads, which depends on no seed).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Durability } from '#blobs/contract/blob-store.ts'
import { libc } from '#lib/system/libc.ts'
import { type Random, randomFrom } from '../../random.ts'
import { watchFiles } from '../file-calls.ts'
import { describeEvent, Journal, JournalEngine } from './journal.ts'
import { type Disk, diskAfter, emptyDisk, type Loss, writeDisk } from './power-loss.ts'
import { openUnder, readAll, Session } from './session.ts'
import { contradictions, type Knowledge, knowledgeAfter } from './witness.ts'

const sessions = Number(process.env.MYFSIO_POWER_SESSIONS ?? 1)
const firstSeed = Number(process.env.MYFSIO_SEED ?? Math.floor(Math.random() * 1e6))
const steps = 16
const lossesPerSession = Number(process.env.MYFSIO_POWER_LOSSES ?? 150)

interface Recorded {
  readonly journal: Journal
  readonly root: string
  readonly durability: Durability
}

describe('a power loss', () => {
  let folder: string
  let runs = 0

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'myfsio-power-'))
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    await rm(folder, { recursive: true, force: true })
  })

  async function record(random: Random, durability: Durability): Promise<Recorded> {
    const root = join(folder, `session-${runs++}`)
    const journal = new Journal()
    // Only timers: so a second passes when the test says so.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const unwatch = await watchFiles(root, journal)
    try {
      const store = await openUnder(root, new JournalEngine(journal), durability, [])
      const session = new Session(store, journal, random)
      await session.createBuckets()
      for (let step = 0; step < steps; step++) {
        await session.step()
        if (random() < 0.2) await vi.advanceTimersByTimeAsync(1000)
        else if (random() < 0.4) {
          await vi.advanceTimersByTimeAsync(100)
          // For a thread that makes spares of replaced files.
          await sleep(2)
        }
      }
      await store.close()
    } finally {
      unwatch()
      journal.close()
      vi.useRealTimers()
    }
    return { journal, root, durability }
  }

  /** Opens a store on the disk, and checks its content; returns the disk after that. */
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
      const found = await readAll(store, root).catch((error: Error) => {
        throw new Error([error.message, ...surprises].join('; '), { cause: error })
      })
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

  /** One loss, and sometimes another while the store recovers from it. Returns how many there were. */
  async function loseAt(session: Recorded, at: number, random: Random): Promise<number> {
    const { journal, root, durability } = session
    const known = knowledgeAfter(journal.events.slice(0, at), durability === 'relaxed')
    const choice = random()
    const loss: Loss = choice < 0.4 ? 'worst' : choice < 0.55 ? 'kill' : { random }
    let where = `after event ${at}, ${describeEvent(journal.events[at - 1])}, ${typeof loss === 'string' ? loss : 'random'}`
    try {
      const first = await recover(diskAfter(emptyDisk, journal, at, loss), root, durability, known)
      if (random() < 0.7) return 1
      const within = Math.floor(random() * (first.journal.events.length + 1))
      where += `; while recovering after event ${within}, ${describeEvent(first.journal.events[within - 1])}`
      await recover(diskAfter(first.base, first.journal, within, { random }), first.root, durability, known)
      return 2
    } catch (error) {
      throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }

  it.each([
    ['strict', 'volumes'],
    ['strict', 'files'],
    ['relaxed', 'volumes'],
  ] as const)(
    'takes nothing that %s durability promises, wherever it strikes, if the system syncs %s',
    { timeout: 60_000 * sessions },
    async (durability, synced) => {
      vi.spyOn(libc, 'canSyncVolume').mockReturnValue(synced === 'volumes')
      let count = 0
      for (let seed = firstSeed; seed < firstSeed + sessions; seed++) {
        const random = randomFrom(seed)
        const session = await record(random, durability)
        for (let i = 0; i < lossesPerSession; i++) {
          const at = Math.floor(random() * (session.journal.events.length + 1))
          count += await loseAt(session, at, random).catch((error: Error) => {
            throw new Error(`seed ${seed}: ${error.message}`, { cause: error })
          })
        }
      }
      console.log(`${count} power losses in ${sessions} sessions, ${durability}, ${synced}, from seed ${firstSeed}`)
    },
  )
})
