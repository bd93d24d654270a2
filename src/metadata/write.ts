/** What checks and writes mean, in every engine. */
import type { Bytes, Check, Exclusive, KeyRange, Write } from './engine.ts'

export function holds(check: Check, view: Pick<Exclusive, 'get'>, isEmpty: (range: KeyRange) => boolean): boolean {
  if ('empty' in check) return isEmpty(check.empty)
  const now = view.get(check.key)
  if (now === undefined || check.is === undefined) return now === check.is
  return Buffer.compare(now, check.is) === 0
}

export function applyWrite(write: Write, view: Exclusive): void {
  if (!('add' in write)) {
    view.put(write.key, write.value, write.logged)
    return
  }
  const counters = decodeCounters(view.get(write.key))
  for (const [name, delta] of Object.entries(write.add)) counters[name] = (counters[name] ?? 0) + delta
  view.put(write.key, Buffer.from(JSON.stringify(counters)))
}

export function decodeCounters(value: Bytes | undefined): Record<string, number> {
  return value === undefined ? {} : (JSON.parse(Buffer.from(value).toString()) as Record<string, number>)
}
