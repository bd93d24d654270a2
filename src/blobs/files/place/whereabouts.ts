import type { Whereabouts } from '#blobs/contract/blob-store.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { placeOf } from './file-ref.ts'
import type { Layout } from './layout.ts'

export function whereaboutsOf(layout: Layout, bucket: string, { key, blob }: StoredVersion): Whereabouts {
  const place = placeOf(blob)
  const reason = blob.aside ?? (place.kind === 'opaque' ? 'name' : undefined)
  const where = { path: layout.place(bucket, key, place), kind: place.kind }
  return reason === undefined ? where : { ...where, reason }
}
