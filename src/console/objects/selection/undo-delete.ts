/** Undoes a deletion in a bucket with versioning: removes the delete markers that it made, and no other version. */
import * as z from 'zod'
import type { Page } from '#console/page.ts'
import { deleteNamed } from '#objects/versions/delete-object.ts'
import { summaryOf } from './deletions.ts'

const markerSchema = z.object({ key: z.string().min(1), versionId: z.string().min(1) })
export type Marker = z.infer<typeof markerSchema>

const schema = z.object({ markers: z.array(markerSchema).min(1).max(1000) })

export const undoDelete: Page = async (visit, { store }) => {
  const { bucket, actor } = visit
  const { markers } = await visit.readJson(schema)
  const read = (marker: Marker) => ({ bucket, ...marker, conditions: {}, isOfMarker: true })
  return { json: summaryOf(markers, await deleteNamed(store, actor, { entries: markers, read })) }
}
