/** The work of the clients of a history. */
import { expect } from 'vitest'
import { type Random, randomFrom } from '../random.ts'
import { describeViolation, findViolation } from './checker.ts'
import type { Client, Recorder } from './history.ts'

/** The second one needs a folder, the third cannot be a path. */
export const keys = ['a', 'dir/c', 'op//q']
const writers = 6
const readers = 2
/** The headers of every other writer. */
const sealed = { 'x-amz-server-side-encryption': 'AES256' }
const without = (key: string) => keys.filter((other) => other !== key)

export const pick = <T>(of: readonly T[], random: Random): T => of[Math.floor(random() * of.length)] as T

async function useKeys(
  client: Client,
  goesOn: () => Promise<boolean>,
  random: Random,
  renames: boolean,
): Promise<void> {
  while (await goesOn()) {
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

async function onlyRead(client: Client, goesOn: () => Promise<boolean>, random: Random): Promise<void> {
  while (await goesOn()) {
    if (random() < 0.1) client.reconnect()
    await client.read(pick(keys, random))
  }
}

export interface Bound {
  readonly seconds: number
  /** A busy machine does fewer operations in a second and needs longer. */
  readonly secondsMax: number
  readonly operationsMin: number
}

export function stopAfter({ seconds, secondsMax, operationsMin }: Bound, recorder: Recorder): () => boolean {
  const startMs = performance.now()
  return () => {
    const tookMs = performance.now() - startMs
    return tookMs < seconds * 1000 || (recorder.count < operationsMin && tookMs < secondsMax * 1000)
  }
}

interface ClientsWork {
  readonly goesOn: () => boolean
  readonly seed: number
  readonly renames?: boolean
  /** Between operations of a client, so that the servers have time for others. */
  readonly pauseMs?: number
}

/** Writers and readers; resolves when the last has ended. */
export async function startClients(
  recorder: Recorder,
  { goesOn, seed, renames = true, pauseMs = 0 }: ClientsWork,
): Promise<void> {
  const mayGoOn = async () => {
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    return goesOn()
  }
  const writing = Array.from({ length: writers }, (_, i) => recorder.client(`client${i}`, i % 2 === 0 ? {} : sealed))
  const reading = Array.from({ length: readers }, (_, i) => recorder.client(`reader${i}`))
  await Promise.all([
    ...writing.map((client, i) => useKeys(client, mayGoOn, randomFrom(seed + i), renames)),
    ...reading.map((client, i) => onlyRead(client, mayGoOn, randomFrom(seed + 200 + i))),
  ])
  for (const client of [...writing, ...reading]) client.close()
}

export function expectLinearizable(recorder: Recorder, run: string): void {
  for (const [key, history] of recorder.histories) {
    expect(history.length).toBeGreaterThan(10)
    const violation = findViolation(history)
    expect(violation && describeViolation(violation), `${run}, key ${key}`).toBeUndefined()
  }
}
