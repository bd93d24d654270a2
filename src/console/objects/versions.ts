/** All that a key was: versions and delete markers, the newest first. */
import { objectHref } from '#console/address.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import type { ListedVersion } from '#store/contract.ts'
import { copyObject } from './copy-object.ts'

const versionsShown = 200

/** Empty for those who may not list versions. */
export async function listKeyVersions(visit: Visit, { store }: ConsoleServices): Promise<readonly ListedVersion[]> {
  const { bucket, key } = visit
  if (bucket.versioning === 'Unversioned' || !visit.may('s3:ListBucketVersions', { bucket })) return []
  const page = await store.listVersions({
    bucket: bucket.name,
    prefix: key,
    delimiter: '',
    limit: versionsShown,
    keyMarker: '',
    versionIdMarker: undefined,
  })
  return page.versions.filter(({ version }) => version.key === key)
}

/** The old version's bytes and metadata, as a new version on top. */
export const restoreVersion: Page = async (visit, services) => {
  const { bucket, key, query } = visit
  const versionId = query.get('versionId') ?? 'null'
  await visit.authorizeObject('s3:GetObjectVersion', { bucket, key, versionId })
  await copyObject(visit, services, { from: bucket, key, versionId, to: bucket, targetKey: key, conditions: {} })
  return {
    redirect: objectHref(bucket.name, key),
    notice: { kind: 'done', text: 'The version is restored: a copy of it is the current one now.' },
  }
}

export const deleteVersion: Page = async (visit, { store }) => {
  const { bucket, key, query, principal } = visit
  const versionId = query.get('versionId') ?? 'null'
  await store.deleteObject({ bucket, key, versionId, ownerId: principal.canonicalId, conditions: {} })
  const isLeft = (
    await store.listVersions({
      bucket: bucket.name,
      prefix: key,
      delimiter: '',
      limit: 1,
      keyMarker: '',
      versionIdMarker: undefined,
    })
  ).versions.some(({ version }) => version.key === key)
  return {
    redirect: isLeft ? objectHref(bucket.name, key) : `/ui/buckets/${bucket.name}`,
    notice: { kind: 'done', text: 'The version is deleted for good.' },
  }
}
