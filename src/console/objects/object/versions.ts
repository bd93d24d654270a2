/** All versions and delete markers of a key, the newest first. */
import { objectHref, objectsHref } from '#console/address.ts'
import { listing } from '#console/facts.ts'
import { refusalFor } from '#console/locks/version-lock.ts'
import { parentOf } from '#console/objects/folder/folder.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { lockRefusal } from '#model/object/lock/lock.ts'
import { copyObject } from '#objects/copies/copy-object.ts'
import { deleteObject } from '#objects/versions/delete-object.ts'
import type { ListedVersion } from '#store/contract.ts'

const versionsShown = 200

/** Empty for visitors who may not list versions. */
export async function listKeyVersions(visit: Visit, { store }: ConsoleServices): Promise<readonly ListedVersion[]> {
  const { bucket, key } = visit
  if (bucket.versioning === 'Unversioned') return []
  if (!visit.may('s3:ListBucketVersions', { bucket }, listing(key, versionsShown))) return []
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

/** Writes the old version's bytes and metadata as a new version. */
export const restoreVersion: Page = async (visit, services) => {
  const { bucket, key, versionId, actor } = visit
  await copyObject(services.store, actor, {
    source: { bucket, key, versionId },
    object: { bucket, key, headers: {} },
    fromSource: { metadata: true, tags: true, storage: true, encryption: true, annotations: true },
    conditions: {},
    isWriteAuthorized: false,
  })
  return {
    redirect: objectHref(bucket.name, key),
    notice: { kind: 'done', text: 'Version restored: a copy of it is now the current version' },
  }
}

/** `pass`: governance mode is to be bypassed. If a lock prevents the deletion, the answer has the reason. */
export const deleteVersion: Page = async (visit, services) => {
  const { bucket, key, versionId, actor, form } = visit
  const deletion = { bucket, key, versionId, conditions: {}, asksToPass: form.get('pass') === 'on' }
  try {
    await deleteObject(services.store, actor, deletion)
  } catch (error) {
    if (!(error instanceof ApiError) || error.message !== lockRefusal) throw error
    const text = `Not deleted. ${await refusalFor(visit, services)}`
    return { redirect: objectHref(bucket.name, key, 'object', versionId), notice: { kind: 'failed', text } }
  }
  const isLeft = (await listKeyVersions(visit, services)).length > 0
  return {
    redirect: isLeft ? objectHref(bucket.name, key) : objectsHref(bucket.name, parentOf(key)),
    notice: { kind: 'done', text: 'Version deleted' },
  }
}
