/** The answers that clients got, from which follows what a disk must still hold. */
import type { JournalEvent } from './journal.ts'

export type Value = string | undefined

/** One request: its effect on keys, and its result. `bucket\0key` → the new value, undefined if it is removed. */
export interface Deed {
  readonly changes: ReadonlyMap<string, Value>
  /** A version that it removes. */
  readonly removes?: string
}

export type Note =
  | { readonly begun: Deed }
  /** `versions`: those that it made. `commits`: the number of commits of the index at the time of the answer. */
  | { readonly told: Deed; readonly versions: readonly [id: string, value: string][]; readonly commits: number }

export interface Knowledge {
  /** The values of keys after all answers that count. */
  readonly certain: Map<string, Value>
  /** Requests that may have happened or not, in order. */
  readonly loose: Set<Deed>
  /** Versions that must be there. `bucket\0key\0id` → value, and `bucket\0key\0id\0name` → annotation. */
  readonly versions: Map<string, string>
}

/** After these events. `onlyFlushed`: an answer counts only after a flush of the index. */
export function knowledgeAfter(events: readonly JournalEvent[], onlyFlushed: boolean): Knowledge {
  const known: Knowledge = { certain: new Map(), loose: new Set(), versions: new Map() }
  const flushed = events.findLast((event) => event.kind === 'flush')?.commits ?? 0
  for (const event of events) {
    if (event.kind !== 'note') continue
    const note = event.note as Note
    if ('begun' in note) {
      known.loose.add(note.begun)
      const { removes } = note.begun
      // With its annotations.
      const isRemoved = (id: string) => removes !== undefined && (id === removes || id.startsWith(`${removes}\0`))
      for (const id of [...known.versions.keys()].filter(isRemoved)) known.versions.delete(id)
    } else if (!onlyFlushed || note.commits <= flushed) {
      known.loose.delete(note.told)
      for (const [key, value] of note.told.changes) known.certain.set(key, value)
      for (const [id, value] of note.versions) known.versions.set(id, value)
    }
  }
  return known
}

/** The contradictions between the content of a disk and what is known; empty if there are none. */
export function contradictions(known: Knowledge, found: ReadonlyMap<string, Value>): string[] {
  const wrong: string[] = []
  for (const key of new Set([...known.certain.keys(), ...found.keys()])) {
    const allowed = [known.certain.get(key)]
    for (const { changes } of known.loose) if (changes.has(key)) allowed.push(changes.get(key))
    const value = found.get(key)
    if (!allowed.includes(value)) wrong.push(`${JSON.stringify(key)} holds ${value}, not ${allowed.join(' or ')}`)
  }
  return wrong
}
