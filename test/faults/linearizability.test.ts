/**
 * Reads, writes and renames of a few keys, over three workers, are linearizable: also conditional ones, beside readers,
 * and beside changes made by hand. LINEARIZABILITY_SECONDS=300 npx vitest run test/faults/linearizability looks for
 * longer.
 */

import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CrashingServer } from '../crash/crashing-server.ts'
import { describeViolation, findViolation, type Operation, type Value } from '../linearizability/checker.ts'
import { type Client, Recorder } from '../linearizability/history.ts'
import { type Random, randomFrom } from '../random.ts'

const seconds = Number(process.env.LINEARIZABILITY_SECONDS ?? 3)
/** A busy machine does fewer operations in a second and needs longer. */
const operationsMin = 3000
const secondsMax = Math.max(seconds, 40)
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
/** The second one needs a folder, the third cannot be a path. */
const keys = ['a', 'dir/c', 'op//q']
const writers = 6
/** The headers of every other writer. */
const sealed = { 'x-amz-server-side-encryption': 'AES256' }

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
      const recorder = new Recorder(server.port, 'registers')
      const startMs = performance.now()
      const goesOn = () => {
        const tookMs = performance.now() - startMs
        return tookMs < seconds * 1000 || (recorder.count < operationsMin && tookMs < secondsMax * 1000)
      }
      const clients = Array.from({ length: writers }, (_, i) =>
        recorder.client(`client${i}`, i % 2 === 0 ? {} : sealed),
      )
      // A file can be removed by hand just before a rename moves it. The history of the other key would not show it.
      const work = clients.map((client, i) => useKeys(client, goesOn, randomFrom(seed + i), !hasHands))
      // Where versions are kept, removing a file makes the previous one current, so the key is not a register.
      const removes = versioning !== 'versioned'
      if (hasHands) work.push(changeByHand(recorder, server.folder, goesOn, randomFrom(seed + 100), removes))
      const readers = [recorder.client('reader0'), recorder.client('reader1')]
      work.push(...readers.map((client, i) => onlyRead(client, goesOn, randomFrom(seed + 200 + i))))
      await Promise.all(work)
      for (const client of [...clients, ...readers]) client.close()
      for (const [key, history] of recorder.histories) {
        expect(history.length).toBeGreaterThan(10)
        const violation = findViolation(history)
        expect(violation && describeViolation(violation), `SEED=${seed}, key ${key}`).toBeUndefined()
      }
    },
  )
})

const without = (key: string) => keys.filter((other) => other !== key)

const pick = <T>(of: readonly T[], random: Random): T => of[Math.floor(random() * of.length)] as T

async function useKeys(client: Client, goesOn: () => boolean, random: Random, renames: boolean): Promise<void> {
  while (goesOn()) {
    if (random() < 0.2) client.reconnect()
    const key = pick(keys, random)
    // Sometimes a value that is too large for the index's commit.
    const value = client.newValue(random() < 0.1 ? 70_000 : 20 + Math.floor(random() * 100))
    const before = await client.read(key)
    const choice = random()
    if (before.value === undefined || choice < 0.2) await client.create(key, value)
    else if (choice < 0.4 && renames) await client.rename(key, before, pick(without(key), random))
    else if (choice < 0.5) await client.append(key, before, value)
    else if (choice < 0.6) await client.replace(key, before, value)
    else if (choice < 0.75) await client.remove(key, before)
    else if (choice < 0.85) await client.remove(key)
    else await client.write(key, value)
  }
}

async function onlyRead(client: Client, goesOn: () => boolean, random: Random): Promise<void> {
  while (goesOn()) {
    if (random() < 0.1) client.reconnect()
    await client.read(pick(keys, random))
  }
}

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
