/**
 * Reads, writes and renames of a few keys, over three workers, are linearizable: also conditional ones, beside readers,
 * and beside changes made by hand. LINEARIZABILITY_SECONDS=300 npx vitest run test/faults/linearizability looks for
 * longer.
 */

import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CrashingServer } from '../crash/crashing-server.ts'
import { findViolation, type Operation, type Value } from '../linearizability/checker.ts'
import { Recorder } from '../linearizability/history.ts'
import { expectLinearizable, keys, pick, startClients, stopAfter } from '../linearizability/work.ts'
import { type Random, randomFrom } from '../random.ts'

const seconds = Number(process.env.LINEARIZABILITY_SECONDS ?? 3)
const operationsMin = 3000
const secondsMax = Math.max(seconds, 40)
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

describe('the checker', () => {
  const operation = (startMs: number, endMs: number, name: string, apply: Operation['apply']): Operation => ({
    startMs,
    endMs,
    name,
    apply,
  })
  const write = (start: number, end: number, value: Value) =>
    operation(start, end, `write ${value}`, () => ({ state: value }))
  const read = (start: number, end: number, value: Value) =>
    operation(start, end, `read ${value}`, (state) => state === value && { state })

  it('finds an order where there is one', () => {
    expect(
      findViolation([write(0, 10, 'x'), read(1, 2, undefined), read(3, 4, 'x'), write(5, 9, undefined)]),
    ).toBeUndefined()
    expect(
      findViolation([
        read(0, 100, 'y'),
        ...Array.from({ length: 200 }, (_, i) => write(i, i + 0.5, i === 50 ? 'y' : `${i}`)),
      ]),
    ).toBeUndefined()
  })

  it('finds a deleted value that is read again, a lost write, and two reads that disagree', () => {
    expect(findViolation([write(0, 1, 'x'), write(2, 3, undefined), read(4, 5, 'x')])?.stuckAt[0]?.name).toBe('read x')
    expect(findViolation([write(0, 1, 'x'), read(2, 3, undefined)])).toBeDefined()
    expect(findViolation([write(0, 1, 'x'), write(2, 10, 'y'), read(3, 4, 'y'), read(5, 6, 'x')])).toBeDefined()
  })

  it('lets an optional operation take effect in its time, or never', () => {
    const byHand = { ...write(2, 5, 'h'), isOptional: true }
    expect(findViolation([write(0, 1, 'x'), byHand, read(3, 4, 'x'), read(6, 7, 'x')])).toBeUndefined()
    expect(findViolation([write(0, 1, 'x'), byHand, read(3, 4, 'h'), read(6, 7, 'h')])).toBeUndefined()
    expect(findViolation([write(0, 1, 'x'), byHand, read(8, 9, 'x'), read(10, 11, 'h')])).toBeDefined()
  })
})

describe.each(['never versioned', 'versioned'])('a bucket that is %s', (versioning) => {
  let server: CrashingServer

  beforeEach(async () => {
    server = await CrashingServer.create()
    await server.start({ WORKERS: '3', RATE_LIMIT_DEFAULT: '' })
    await server.client.send(new CreateBucketCommand({ Bucket: 'registers' }))
    if (versioning === 'versioned') {
      const VersioningConfiguration = { Status: 'Enabled' } as const
      await server.client.send(new PutBucketVersioningCommand({ Bucket: 'registers', VersioningConfiguration }))
    }
  })
  afterEach(() => server.remove())

  it.each([false, true])(
    'is linearizable, changes by hand: %s',
    { timeout: secondsMax * 5000 + 60_000 },
    async (hasHands) => {
      const recorder = new Recorder([server.port], 'registers')
      const goesOn = stopAfter({ seconds, secondsMax, operationsMin }, recorder)
      // A file can be removed by hand just before a rename moves it. The history of the other key would not show it.
      const work = [startClients(recorder, { goesOn, seed, renames: !hasHands })]
      // Where versions are kept, removing a file makes the previous one current, so the key is not a register.
      const removes = versioning !== 'versioned'
      if (hasHands) work.push(changeByHand(recorder, server.folder, goesOn, randomFrom(seed + 100), removes))
      await Promise.all(work)
      expectLinearizable(recorder, `SEED=${seed}`)
    },
  )
})

async function changeByHand(
  recorder: Recorder,
  folder: string,
  goesOn: () => boolean,
  random: Random,
  removes: boolean,
): Promise<void> {
  for (let count = 0; goesOn(); count++) {
    await new Promise((resolve) => setTimeout(resolve, 50 + random() * 500))
    const key = pick(keys.slice(0, 2), random)
    if (removes && random() < 0.3) recorder.removeByHand(folder, key)
    else recorder.writeByHand(folder, key, `hand-${count} `.padEnd(150 + count, '-'))
  }
}
