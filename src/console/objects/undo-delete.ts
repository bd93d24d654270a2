/** Takes a deletion back where versions are kept: the delete markers that it made are removed, and no other version. */
import * as z from 'zod'
import type { Page } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { deleteEach } from '#store/delete-each.ts'

const markerSchema = z.object({ key: z.string().min(1), versionId: z.string().min(1) })
export type Marker = z.infer<typeof markerSchema>

const schema = z.object({ markers: z.array(markerSchema).min(1).max(1000) })

export const undoDelete: Page = async (visit, { store }) => {
  const { bucket, principal } = visit
  const { markers } = await visit.readJson(schema)
  const outcomes = await deleteEach(markers, async ({ key, versionId }) => {
    try {
      await visit.authorizeObject('s3:DeleteObjectVersion', { bucket, key, versionId })
      const version = await store.findVersion(bucket.name, key, versionId)
      if (version?.isDeleteMarker !== true) throw new ApiError('NoSuchVersion')
      const asked = { ownerId: principal.canonicalId, conditions: {}, origin: visit.actor }
      await store.deleteObject({ bucket, key, versionId, ...asked })
      return undefined
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error
      return { key, message: error.message }
    }
  })
  const failed = outcomes.filter((outcome) => outcome !== undefined)
  return { json: { done: outcomes.length - failed.length, failed } }
}
