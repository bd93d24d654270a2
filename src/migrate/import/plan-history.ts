/** Which versions of a key an import has yet to take. */
import type { SourceVersion } from '#migrate/source/source.ts'

/** A version as it is here; the same of time and size are the same. */
export interface Known {
  readonly isDeleteMarker: boolean
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

export interface HistoryPlan {
  /** Oldest first: they go on top of what is here. */
  readonly take: readonly SourceVersion[]
  readonly skipped: number
  /** Not here, and older than what is: no version can be put below another. */
  readonly late: number
}

/** Both oldest first. */
export function planHistory(there: readonly SourceVersion[], here: readonly Known[]): HistoryPlan {
  const newest = here.at(-1)
  if (newest === undefined) return { take: there, skipped: 0, late: 0 }
  const known = new Set(here.map(nameOf))
  const at = there.findLastIndex((version) => nameOf(version) === nameOf(newest))
  const isNewer = ({ modifiedAtMs }: SourceVersion, index: number) =>
    at >= 0 ? index > at : modifiedAtMs > newest.modifiedAtMs
  const take = there.filter((version, index) => isNewer(version, index) && !known.has(nameOf(version)))
  const skipped = there.filter((version) => known.has(nameOf(version))).length
  return { take, skipped, late: there.length - take.length - skipped }
}

/** The time of an import is the source's, to the millisecond: another write does not have it. */
const nameOf = ({ isDeleteMarker, sizeBytes, modifiedAtMs }: Known): string =>
  isDeleteMarker ? `marker ${modifiedAtMs}` : `${modifiedAtMs} ${sizeBytes}`
