/** The meaning of checks and writes, in every engine. */
import { asBuffer, type Bytes, type KeyRange } from './engine.ts'
import type { LocalCheck, LocalWrite } from './local-engine.ts'
import { sequenceKey } from './tables.ts'

/** The state that a commit works on. */
export interface CommitView {
  isNow(key: Bytes, value: Bytes | undefined): boolean
  isEmpty(range: KeyRange): boolean
  put(key: Bytes, value: Bytes | undefined, rest?: readonly Bytes[]): void
  add(key: Bytes, numbers: Readonly<Record<string, number>>): void
  /** The counters of a row, including what this commit has added. */
  counters(key: Bytes): Record<string, number>
}

export function holds(check: LocalCheck, view: CommitView): boolean {
  if ('key' in check) return view.isNow(check.key, check.is)
  if ('empty' in check) return view.isEmpty(check.empty)
  return 'counter' in check ? areAtMost(view.counters(check.counter), check.atMost) : check.holds()
}

function areAtMost(counters: Readonly<Record<string, number>>, atMost: Readonly<Record<string, number>>): boolean {
  return Object.entries(atMost).every(([name, most]) => (counters[name] ?? 0) <= most)
}

export function applyWrite(write: LocalWrite, view: CommitView): void {
  if ('add' in write) view.add(write.key, write.add)
  else if ('append' in write) append(write.append, write.value, view)
  else if ('rest' in write) view.put(write.key, write.value, write.rest)
  else view.put(write.key, write.value)
}

function append(counter: Bytes, value: Bytes, view: CommitView): void {
  const { next = 0 } = view.counters(counter)
  view.put(sequenceKey(counter, next), value)
  view.add(counter, { next: 1 })
}

/** A counter row's value with these numbers added. */
export function addToCounters(value: Bytes | undefined, numbers: Readonly<Record<string, number>>): Buffer {
  const counters = decodeCounters(value)
  addNumbers(counters, numbers)
  return Buffer.from(JSON.stringify(counters))
}

export function addNumbers(sums: Record<string, number>, numbers: Readonly<Record<string, number>>): void {
  for (const [name, number] of Object.entries(numbers)) sums[name] = (sums[name] ?? 0) + number
}

export function decodeCounters(value: Bytes | undefined): Record<string, number> {
  return value === undefined ? {} : (JSON.parse(asBuffer(value).toString()) as Record<string, number>)
}
