/** Takes a deletion back where versions are kept: the delete markers that it made are removed, and no other version. */
import * as z from 'zod'
import type { Page } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { runStep } from './selection.ts'

const markerSchema = z.object({ key: z.string().min(1), versionId: z.string().min(1) })
export type Marker = z.infer<typeof markerSchema>

const schema = z.object({ markers: z.array(markerSchema).min(1).max(1000) })

export const undoDelete: Page = async (visit, { store }) => {
  const { bucket, principal } = visit
  const { markers } = await visit.readJson(schema)
  const walk = (async function* () {
    for (const [at, marker] of markers.entries()) yield { ...marker, left: markers.slice(at + 1) }
  })()
  const json = await runStep(visit, walk, async ({ key, versionId }) => {
    await visit.authorizeObject('s3:DeleteObjectVersion', { bucket, key, versionId })
    const version = await store.findVersion(bucket.name, key, versionId)
    if (version?.isDeleteMarker !== true) throw new ApiError('NoSuchVersion')
    await store.deleteObject({ bucket, key, versionId, ownerId: principal.canonicalId, conditions: {} })
  })
  return { json }
}
