import { listing } from '#console/facts.ts'
import { type Deletions, summaryOf } from '#console/objects/selection/deletions.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { deleteNamed } from '#objects/versions/delete-object.ts'

export interface Marker {
  readonly key: string
  readonly versionId?: string | undefined
}

export interface EmptyStep extends Deletions {
  /** The start of the next step; undefined after every version was tried. */
  readonly next: Marker | undefined
}

const stepVersions = 500

/**
 * Deletes about a hundred versions and delete markers permanently. Each is authorized separately; those without
 * permission stay.
 */
export async function emptyStep(
  visit: Visit,
  { store }: ConsoleServices,
  from: Marker | undefined,
): Promise<EmptyStep> {
  const { bucket, actor } = visit
  visit.authorize('s3:ListBucketVersions', { bucket }, listing('', stepVersions))
  const { versions, next } = await store.listVersions({
    bucket: bucket.name,
    prefix: '',
    delimiter: '',
    limit: stepVersions,
    keyMarker: from?.key ?? '',
    versionIdMarker: from?.versionId,
  })
  const entries = versions.map(({ version: { key, versionId } }) => ({ key, versionId }))
  const read = (entry: Marker) => ({ bucket, ...entry, conditions: {} })
  return { ...summaryOf(entries, await deleteNamed(store, actor, { entries, read })), next }
}
