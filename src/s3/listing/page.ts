import type { ObjectPage, Store } from '#store/contract.ts'
import type { ListParameters } from './listing.ts'

/** With max-keys 0 a page is complete, also in a full bucket. */
export async function listPage(
  store: Store,
  bucket: string,
  { prefix, delimiter, maxKeys }: ListParameters,
  after: string,
  isMarker = false,
): Promise<ObjectPage> {
  if (maxKeys === 0) return { objects: [], commonPrefixes: [], next: undefined }
  return store.listObjects({ bucket, prefix, delimiter, limit: maxKeys, after, isMarker })
}
