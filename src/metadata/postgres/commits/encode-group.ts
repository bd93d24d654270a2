/** Encodes a group of commits in the order of `parameters` of the commit function (commit-function.ts). */
import { hash } from 'node:crypto'
import { asBuffer, type Bytes, type Check, type Commit, type Write } from '#metadata/engine.ts'
import {
  encodeBytes,
  encodeFlags,
  encodeIntegers,
  encodeLongs,
  encodeTexts,
} from '#metadata/postgres/connections/binary-array.ts'
import { lockId } from '#metadata/postgres/tables/lock-id.ts'
import { everything, type Footprint, type Mode } from './footprint.ts'
import type { KnownCounters } from './known-counters.ts'

/** A longer value is compared by its digest, so that it is not sent to the database again. */
const comparedBytesMax = 1024
/** One lock for everything replaces more locks than this: the database has room for some thousands. */
export const locksMax = 300

export function encodeGroup(
  commits: readonly { readonly commit: Commit; readonly footprint: Footprint }[],
  known: KnownCounters,
  salt: string,
): Buffer[] {
  const checks = new Checks()
  const writes = new Writes()
  commits.forEach(({ commit }, index) => {
    for (const check of commit.checks) checks.add(index, check, known)
    for (const write of lastOfEachKey(commit.writes)) writes.add(index, write, known)
  })
  const locks = locksOf(commits, known, salt)
  return [
    encodeLongs(locks.map(([id]) => id)),
    encodeFlags(locks.map(([, isShared]) => isShared)),
    ...checks.encode(),
    ...writes.encode(),
  ]
}

/** Ascending, without repeats. All callers take locks in this order, so there are no deadlocks. */
function locksOf(
  commits: readonly { readonly footprint: Footprint }[],
  known: KnownCounters,
  salt: string,
): [bigint, boolean][] {
  const locks = new Map<bigint, boolean>()
  for (const { footprint } of commits) {
    for (const [name, mode] of footprint) {
      const id = lockId(salt, name)
      locks.set(id, isShared(name, mode, known) && locks.get(id) !== false)
    }
  }
  if (locks.size > locksMax) return [[lockId(salt, everything), false]]
  return [...locks].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Commits that add to a row do not wait for each other. A commit that reads the row waits for all of them. */
function isShared(name: string, mode: Mode, known: KnownCounters): boolean {
  if (mode === 'add') return known.has(name.slice(1))
  return mode === 'read' && !(name.startsWith('k') && known.has(name.slice(1)))
}

/** Drops what a commit did to a row before it sets the final value. */
function lastOfEachKey(writes: readonly Write[]): readonly Write[] {
  if (writes.length < 2) return writes
  const lastPut = new Map<string, number>()
  writes.forEach((write, index) => {
    if ('value' in write && 'key' in write) lastPut.set(textOf(write.key), index)
  })
  return writes.filter((write, index) => 'append' in write || index >= (lastPut.get(textOf(write.key)) ?? 0))
}

const textOf = (bytes: Bytes) => asBuffer(bytes).toString('latin1')
const textsOf = (numbers: Readonly<Record<string, number>>): [string, string][] =>
  Object.entries(numbers).map(([name, number]) => [name, String(number)])

class Checks {
  readonly #equal = {
    commits: [] as number[],
    keys: [] as Bytes[],
    values: [] as (Bytes | null)[],
    how: [] as number[],
  }
  readonly #empty = { commits: [] as number[], starts: [] as Bytes[], ends: [] as Bytes[] }
  readonly #most = { commits: [] as number[], keys: [] as Bytes[], names: [] as string[], numbers: [] as string[] }

  add(index: number, check: Check, known: KnownCounters): void {
    if ('empty' in check) {
      this.#empty.commits.push(index)
      this.#empty.starts.push(check.empty.start)
      this.#empty.ends.push(check.empty.end)
    } else if ('counter' in check) {
      for (const [name, number] of textsOf(check.atMost)) {
        this.#most.commits.push(index)
        this.#most.keys.push(check.counter)
        this.#most.names.push(name)
        this.#most.numbers.push(number)
      }
    } else this.#addEqual(index, check.key, check.is, known.has(textOf(check.key)))
  }

  #addEqual(index: number, key: Bytes, is: Bytes | undefined, isCounter: boolean): void {
    const isLong = !isCounter && is !== undefined && is.length > comparedBytesMax
    this.#equal.commits.push(index)
    this.#equal.keys.push(key)
    this.#equal.values.push(isLong ? hash('sha256', is, 'buffer') : (is ?? null))
    this.#equal.how.push(isCounter ? 2 : isLong ? 1 : 0)
  }

  encode(): Buffer[] {
    const [equal, empty, most] = [this.#equal, this.#empty, this.#most]
    return [
      encodeIntegers(equal.commits),
      encodeBytes(equal.keys),
      encodeBytes(equal.values),
      encodeIntegers(equal.how),
      encodeIntegers(empty.commits),
      encodeBytes(empty.starts),
      encodeBytes(empty.ends),
      encodeIntegers(most.commits),
      encodeBytes(most.keys),
      encodeTexts(most.names),
      encodeTexts(most.numbers),
    ]
  }
}

class Writes {
  readonly #put = { commits: [] as number[], keys: [] as Bytes[], values: [] as (Bytes | null)[] }
  readonly #added = { commits: [] as number[], keys: [] as Bytes[], names: [] as string[], numbers: [] as string[] }
  readonly #shared = new Map<string, Bytes>()
  readonly #appended = { commits: [] as number[], keys: [] as Bytes[], values: [] as Bytes[] }

  add(index: number, write: Write, known: KnownCounters): void {
    if ('append' in write) {
      this.#appended.commits.push(index)
      this.#appended.keys.push(write.append)
      this.#appended.values.push(write.value)
    } else if ('add' in write) {
      if (known.has(textOf(write.key))) this.#shared.set(textOf(write.key), write.key)
      for (const [name, number] of textsOf(write.add)) {
        this.#added.commits.push(index)
        this.#added.keys.push(write.key)
        this.#added.names.push(name)
        this.#added.numbers.push(number)
      }
    } else {
      this.#put.commits.push(index)
      this.#put.keys.push(write.key)
      this.#put.values.push(write.value ?? null)
    }
  }

  encode(): Buffer[] {
    const [put, added, appended] = [this.#put, this.#added, this.#appended]
    return [
      encodeIntegers(put.commits),
      encodeBytes(put.keys),
      encodeBytes(put.values),
      encodeIntegers(added.commits),
      encodeBytes(added.keys),
      encodeTexts(added.names),
      encodeTexts(added.numbers),
      encodeBytes([...this.#shared.values()]),
      encodeIntegers(appended.commits),
      encodeBytes(appended.keys),
      encodeBytes(appended.values),
    ]
  }
}
