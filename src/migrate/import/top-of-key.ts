/** The state of a key in the target before a version is added. */
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Store, WriteConditions } from '#store/contract.ts'
import type { Known } from './plan-history.ts'

/** Conditions that fail with PreconditionFailed if another write comes in between. */
export async function conditionsOn(store: Store, { name }: Bucket, key: string): Promise<WriteConditions> {
  const current = await store.findVersion(name, key, undefined)
  if (current === undefined || current.isDeleteMarker) return { ifNoneMatch: '*' }
  return { ifMatch: current.etag }
}

const pageMax = 1000

/** Every version of a key in the target, oldest first. */
export async function knownVersions(store: Store, bucket: Bucket, key: string): Promise<Known[]> {
  if (bucket.versioning === 'Unversioned') {
    const current = await store.findVersion(bucket.name, key, undefined)
    return current === undefined ? [] : [current]
  }
  const newestFirst: Known[] = []
  const query = { bucket: bucket.name, prefix: key, delimiter: '', limit: pageMax }
  let marker: { keyMarker: string; versionIdMarker: string | undefined } = { keyMarker: '', versionIdMarker: undefined }
  for (;;) {
    const { versions, next } = await store.listVersions({ ...query, ...marker })
    newestFirst.push(...versions.map(({ version }) => version).filter((version) => version.key === key))
    if (next === undefined || next.key !== key) return newestFirst.reverse()
    marker = { keyMarker: next.key, versionIdMarker: next.versionId }
  }
}
