/** A copy of one version, with what belongs to it: for those who may read it, which is asked before. */
import { authorizeCarriedTags } from '#access/decide/tag-access.ts'
import { copying } from '#console/facts.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import type { Bucket } from '#model/bucket.ts'
import type { ObjectAttributes, ObjectVersion } from '#model/object.ts'
import { ownerOfNewObject } from '#model/object-ownership.ts'
import type { WriteConditions } from '#store/contract.ts'

export interface Copy {
  readonly from: Bucket
  readonly key: string
  readonly versionId?: string | undefined
  readonly to: Bucket
  readonly targetKey: string
  readonly conditions: WriteConditions
  /** In place of the source's. */
  readonly changes?: Partial<ObjectAttributes>
}

export async function copyObject(
  visit: Visit,
  { store, gatekeeper }: ConsoleServices,
  { from, key, versionId, to, targetKey, conditions, changes }: Copy,
): Promise<{ source: ObjectVersion; copy: ObjectVersion }> {
  const opened = await store.openObject(from.name, key, versionId)
  const source = opened.version
  try {
    const effect = copying({ bucket: from.name, key, version: source }, conditions, changes && 'REPLACE')
    await visit.authorizeObject('s3:PutObject', { bucket: to, key: targetKey }, effect)
    // What it carries over takes rights of its own.
    const { principal, facts } = visit
    const asked = versionId === undefined ? facts : { ...facts, keys: { 's3:versionid': versionId } }
    const tagged = { bucket: from, key, versionId, version: source, facts: asked }
    authorizeCarriedTags(gatekeeper, principal, tagged, { bucket: to, key: targetKey, facts })
  } catch (error) {
    opened.close()
    throw error
  }
  const algorithm = source.checksum?.algorithm ?? 'CRC64NVME'
  const staged = await store.stageCopy(opened, { start: 0, end: source.sizeBytes }, [algorithm])
  const value = staged.digests.get(algorithm)?.toString('base64') ?? ''
  const { headers, userMetadata, storageClass, websiteRedirectLocation, tags } = source
  const copy = await store.putObject({
    bucket: to,
    key: targetKey,
    staged,
    attributes: {
      headers,
      userMetadata,
      storageClass,
      ownerId: ownerOfNewObject(to, visit.principal.canonicalId, false),
      ...(websiteRedirectLocation === undefined ? {} : { websiteRedirectLocation }),
      ...(tags === undefined ? {} : { tags }),
      ...changes,
    },
    checksum: { algorithm, type: 'FULL_OBJECT', value },
    conditions,
  })
  return { source, copy }
}
