import { listing } from '#console/facts.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'

export interface Marker {
  readonly key: string
  readonly versionId?: string | undefined
}

export interface EmptyStep {
  readonly done: number
  readonly failed: readonly { readonly key: string; readonly message: string }[]
  /** Where the next step begins; undefined when every version has had its turn. */
  readonly next: Marker | undefined
}

const stepVersions = 500

/** Deletes some hundred versions and delete markers for good. Each needs the right to it; those without it stay. */
export async function emptyStep(
  visit: Visit,
  { store }: ConsoleServices,
  from: Marker | undefined,
): Promise<EmptyStep> {
  const { bucket, principal } = visit
  visit.authorize('s3:ListBucketVersions', { bucket }, listing('', stepVersions))
  const { versions, next } = await store.listVersions({
    bucket: bucket.name,
    prefix: '',
    delimiter: '',
    limit: stepVersions,
    keyMarker: from?.key ?? '',
    versionIdMarker: from?.versionId,
  })
  const failed: { key: string; message: string }[] = []
  let done = 0
  for (const { version } of versions) {
    const { key, versionId } = version
    try {
      await visit.authorizeObject('s3:DeleteObjectVersion', { bucket, key, versionId })
      await store.deleteObject({ bucket, key, versionId, ownerId: principal.canonicalId, conditions: {} })
      done++
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error
      failed.push({ key, message: error.message })
    }
  }
  return { done, failed, next }
}
