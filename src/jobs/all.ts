/**
 * All jobs: when each starts, what it does, and how it is shown. The process that holds the lease of a job runs it.
 *
 * The work of a store on its own files is shown with the jobs (Store.status), but is not a job: every process settles
 * its own writes, and the scan for files changed by hand sets the watches of the process that watches the folders of
 * this machine. With a lease, a start after a crash would wait until the old lease expires. The index is compacted
 * before it is open, when no lease can be read.
 */
import { countSessions, forgetExpired } from '#access/sign-in/session-rows.ts'
import { passTime, storeTimeMs } from '#store/store-time.ts'
import { forgetCompleted } from '#store/uploads/complete-upload.ts'
import type { Job, JobServices, Shown, Starts, Step } from './job.ts'
import { countUses, showUses } from './key-uses.ts'
import { showKeys, tendKeys } from './kms-keys.ts'
import { removeGone, showRemoved } from './remove-gone.ts'
import { clockSkewMs } from './schedule.ts'
import { scrub, showScrub } from './scrub.ts'

const minuteMs = 60_000
const every = (everyMs: number): Starts => ({ by: 'interval', everyMs })
const nothing = () => ({ figures: [] })

export const allJobs: readonly Job[] = [
  {
    name: 'scrub',
    title: 'Scrub',
    what: 'Compares every version with its checksum (SCRUB_INTERVAL), to find damage while a backup still exists.',
    starts: ({ settings }) =>
      settings.scrubIntervalMs === undefined ? { by: 'hand' } : every(settings.scrubIntervalMs),
    mayStartByHand: true,
    work: scrub,
    show: showScrub,
  },
  {
    name: 'completed-uploads',
    title: 'Completed uploads',
    what: 'Forgets uploads an hour after their completion; until then a repeated CompleteMultipartUpload succeeds.',
    starts: () => every(10 * minuteMs),
    mayStartByHand: false,
    work: async (run, { clock }) => idleAfter(forgetCompleted(run.engine, clock.nowMs())),
    show: nothing,
  },
  {
    name: 'upstream-removal',
    title: 'Removal from the upstream store',
    what: 'Removes bytes 15 minutes after their deletion, and after a day those of writes that were not completed.',
    starts: () => every(minuteMs),
    mayStartByHand: true,
    isWanted: (store) => store.removeGone !== undefined,
    work: removeGone,
    show: showRemoved,
  },
  {
    name: 'clock',
    title: 'Clock',
    what: 'Records the newest time that the store has seen, so that locks do not end or last longer if the clock is set back.',
    starts: () => every(60 * minuteMs),
    mayStartByHand: false,
    work: async ({ engine }, { clock, log }) => {
      await passTime({ engine, clock, log })
      return 'idle'
    },
    show: (_cursor, services) => showClock(services),
  },
  {
    name: 'sessions',
    title: 'Console sessions',
    what: 'Removes sessions that have expired, and counts of failed sign-ins. Sessions are refused as soon as they expire.',
    starts: () => every(60 * minuteMs),
    mayStartByHand: false,
    work: async ({ engine }, { clock }) => {
      for (const table of ['w', 'F', 'K'] as const) await forgetExpired(engine, table, clock.nowMs())
      return 'idle'
    },
    show: (_cursor, services) => showSessions(services),
  },
  {
    name: 'key-uses',
    title: 'Uses of keys',
    what: 'Counts how many versions and uploads each KMS key encrypts.',
    starts: () => ({ by: 'midnight' }),
    mayStartByHand: true,
    work: countUses,
    show: showUses,
  },
  {
    name: 'kms-keys',
    title: 'KMS keys',
    what: 'Rotates keys after their rotation period, and deletes keys after their waiting period.',
    starts: () => every(60 * minuteMs),
    mayStartByHand: false,
    work: (_run, services) => tendKeys(services),
    show: (_cursor, services) => showKeys(services),
  },
]

async function idleAfter(work: Promise<void>): Promise<Step> {
  await work
  return 'idle'
}

async function showClock(services: JobServices): Promise<Shown> {
  const behindMs = (await storeTimeMs(services)) - services.clock.nowMs()
  if (behindMs <= clockSkewMs) return nothing()
  const minutes = Math.round(behindMs / minuteMs)
  return { figures: [], problem: `The clock is ${minutes} minutes behind the newest time that the store has seen.` }
}

const countedMax = 1000

async function showSessions({ engine, clock }: JobServices) {
  const { live, expired } = await countSessions(engine, { nowMs: clock.nowMs(), countedMax })
  const isAtLeast = live + expired >= countedMax
  return {
    figures: [
      { name: 'live', value: live, unit: 'count', noun: ['session', 'sessions'], isAtLeast },
      { name: 'expired', value: expired, unit: 'count', noun: ['expired', 'expired'] },
    ],
  } as const
}
