import { listing } from '#console/facts.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { refusalOf } from '#model/errors.ts'
import { deleteEach } from '#store/delete-each.ts'

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
  const outcomes = await deleteEach(
    versions.map(({ version }) => version),
    async ({ key, versionId }) => {
      try {
        await visit.authorizeObject('s3:DeleteObjectVersion', { bucket, key, versionId })
        const asked = { ownerId: principal.canonicalId, conditions: {}, origin: visit.actor }
        await store.deleteObject({ bucket, key, versionId, ...asked })
        return undefined
      } catch (error) {
        const refusal = refusalOf(error)
        return { key, message: refusal.message }
      }
    },
  )
  const failed = outcomes.filter((outcome) => outcome !== undefined)
  return { done: outcomes.length - failed.length, failed, next }
}
