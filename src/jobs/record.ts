/** The row of a job: when its last run began and ended, how it failed, and its cursor. Only the owner of the lease writes it. */
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'

export interface JobRecord {
  readonly startedAtMs?: number | undefined
  /** Undefined while a run is under way, or was interrupted. */
  readonly endedAtMs?: number | undefined
  /** So many runs have failed since the last that did not. */
  readonly failures: number
  /** Of the last failure. */
  readonly problem?: string | undefined
  /** The run goes on then, and not before. */
  readonly againAtMs?: number | undefined
  readonly cursor?: unknown
}

export const recordKeyOf = (name: string): Buffer => rowKey('g', name)
/** A row that is there until the run begins that was asked for. */
export const askedKeyOf = (name: string): Buffer => rowKey('k', name, 'asked')

export const encodeRecord = (record: JobRecord): Buffer => encodeJson(record)

/** Releases before 0.3 wrote what the scrub had found beside its times. */
type AnyRecord = Partial<JobRecord> & { readonly examples?: unknown; readonly position?: unknown }

export function decodeRecord(value: Bytes | undefined): JobRecord {
  if (value === undefined) return { failures: 0 }
  const row = decodeJson<AnyRecord>(value)
  if (row.failures !== undefined) return row as JobRecord
  const { startedAtMs, endedAtMs, ...found } = row
  return { startedAtMs, endedAtMs, failures: 0, cursor: { ...found, isDone: endedAtMs !== undefined } }
}

/** The record, and whether a run has been asked for. */
export async function readJob(
  engine: Pick<MetadataEngine, 'getMany'>,
  name: string,
): Promise<{ readonly record: JobRecord; readonly isAsked: boolean }> {
  const [record, asked] = await engine.getMany([recordKeyOf(name), askedKeyOf(name)])
  return { record: decodeRecord(record), isAsked: asked !== undefined }
}
