/** The row of a job: its last run, its failures and its cursor. Only the owner of the lease writes it. */
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'

export interface JobRecord {
  readonly startedAtMs?: number | undefined
  /** Undefined while a run is in progress, or was interrupted. */
  readonly endedAtMs?: number | undefined
  /** Failed attempts since the last one that succeeded. */
  readonly failures: number
  /** The message of the last failure. */
  readonly problem?: string | undefined
  /** The run continues at this time. */
  readonly againAtMs?: number | undefined
  readonly cursor?: unknown
}

export const recordKeyOf = (name: string): Buffer => rowKey('g', name)
/** This row exists from a start by hand until the run begins. */
export const askedKeyOf = (name: string): Buffer => rowKey('k', name, 'asked')

export const encodeRecord = (record: JobRecord): Buffer => encodeJson(record)

/** Release 0.2 wrote the findings of the scrub beside its times. */
type AnyRecord = Partial<JobRecord> & { readonly examples?: unknown; readonly position?: unknown }

export function decodeRecord(value: Bytes | undefined): JobRecord {
  if (value === undefined) return { failures: 0 }
  const row = decodeJson<AnyRecord>(value)
  if (row.failures !== undefined) return row as JobRecord
  const { startedAtMs, endedAtMs, ...found } = row
  return { startedAtMs, endedAtMs, failures: 0, cursor: { ...found, isDone: endedAtMs !== undefined } }
}

/** The record, and whether the job was started by hand. */
export async function readJob(
  engine: Pick<MetadataEngine, 'getMany'>,
  name: string,
): Promise<{ readonly record: JobRecord; readonly isAsked: boolean }> {
  const [record, asked] = await engine.getMany([recordKeyOf(name), askedKeyOf(name)])
  return { record: decodeRecord(record), isAsked: asked !== undefined }
}
