/** What checks and writes mean, in every engine. */
import { asBuffer, type Bytes, type Check, type KeyRange, type Write } from './engine.ts'

/** What a commit works on. */
export interface CommitView {
  isNow(key: Bytes, value: Bytes | undefined): boolean
  isEmpty(range: KeyRange): boolean
  put(key: Bytes, value: Bytes | undefined, rest?: readonly Bytes[]): void
  add(key: Bytes, numbers: Readonly<Record<string, number>>): void
}

export function holds(check: Check, view: CommitView): boolean {
  if ('key' in check) return view.isNow(check.key, check.is)
  return 'empty' in check ? view.isEmpty(check.empty) : check.holds()
}

export function applyWrite(write: Write, view: CommitView): void {
  if ('add' in write) view.add(write.key, write.add)
  else view.put(write.key, write.value, write.rest)
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
