/** Which versions of a key an import still has to import. */
import type { SourceVersion } from '#migrate/source/source.ts'

/** A version in the target. Equal time and size mean that it is the same version. */
export interface Known {
  readonly isDeleteMarker: boolean
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

export interface HistoryPlan {
  /** Oldest first: each becomes the newest version. */
  readonly take: readonly SourceVersion[]
  readonly skipped: number
  /** Missing versions that are older than the newest one here. They cannot be inserted below it. */
  readonly late: number
}

/** Both lists are oldest first. */
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

/** An imported version keeps the time of the source in milliseconds, so another write hardly has the same. */
const nameOf = ({ isDeleteMarker, sizeBytes, modifiedAtMs }: Known): string =>
  isDeleteMarker ? `marker ${modifiedAtMs}` : `${modifiedAtMs} ${sizeBytes}`
