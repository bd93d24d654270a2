/**
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html: copies a version with all that belongs to it.
 */
import { authorizeOnObject } from '#access/decide/objects/object-access.ts'
import { authorizeCarriedTags } from '#access/decide/objects/tag-access.ts'
import { ApiError } from '#model/errors.ts'
import { type AnnotationSet, usedBytes } from '#model/object/annotation-set.ts'
import type { ObjectEncryption, Sealing } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm, ObjectAttributes, ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { copyKeys, factsOfEffect } from '#objects/effect.ts'
import { openKeys } from '#objects/encryption/open-keys.ts'
import { type Choice, choiceOf, chooseEncryption, differs, sealWith } from '#objects/encryption/seal.ts'
import { assertAnnotatable, authorizeCarriedAnnotations } from '#objects/versions/annotate-object.ts'
import { authorizeDeletion, type Deletion, deleteObject } from '#objects/versions/delete-object.ts'
import { assertFutureLock } from '#objects/versions/lock-object.ts'
import { checksumToKeep } from '#objects/writes/new-body.ts'
import { authorizeNewObject, type NewObject } from '#objects/writes/new-object.ts'
import type { Staged, Store, WriteConditions } from '#store/contract.ts'
import { type CopySource, factsOfSource, openSource } from './open-source.ts'

export interface Copy {
  readonly source: CopySource
  /** The copy, as far as the request describes it. */
  readonly object: NewObject
  /** What the copy takes from its source, whatever `object` contains. An ACL is never copied. */
  readonly fromSource: {
    /** Headers and user metadata. */
    readonly metadata: boolean
    readonly tags: boolean
    /** Storage class and redirect, which a client of S3 must name. */
    readonly storage: boolean
    readonly annotations: boolean
    /** Method and key. Without it, `object` or its bucket decides about the encryption of the copy. */
    readonly encryption?: true
  }
  /** The source's if undefined. */
  readonly checksumAlgorithm?: ChecksumAlgorithm | undefined
  readonly conditions: WriteConditions
  /** InvalidRequest for a larger source. */
  readonly sizeBytesMax?: number
  /** Whether the edge has already authorized s3:PutObject, since its request contains the whole effect. */
  readonly isWriteAuthorized: boolean
  /** A move: the source is deleted after the copy, if it has not changed. */
  readonly deletesSource?: boolean
}

export interface Copied {
  readonly source: ObjectVersion
  readonly copy: ObjectVersion
}

export async function copyObject(store: Store, actor: Actor, copy: Copy): Promise<Copied> {
  const { object, fromSource, conditions } = copy
  const { bucket, key } = object
  const requested = authorizeNewObject(actor, fromSource.tags ? { ...object, tags: undefined } : object)
  await assertFutureLock(store, requested)
  const opened = await openSource(store, actor, copy.source)
  const source = opened.version
  let attributes: ObjectAttributes
  let sealing: Sealing | undefined
  try {
    attributes = attributesOf(requested, source, fromSource)
    if (copy.deletesSource) await authorizeDeletion(store, actor, deletionOf(copy, source))
    if (!copy.isWriteAuthorized) await authorizeWrite(store, actor, copy, attributes)
    if (fromSource.tags) authorizeTags(actor, copy, source)
    if (fromSource.annotations) authorizeAnnotations(actor, copy, source)
    const choice = await choiceFor(actor, copy, source)
    refuseImpossible(copy, source, choice)
    const sizeBytes = fromSource.annotations ? usedBytes(source) : source.sizeBytes
    await store.assertQuota(bucket, { key, sizeBytes, isPart: false })
    sealing = choice && (await sealWith(actor, object, choice))
  } catch (error) {
    opened.close()
    throw error
  }
  const algorithm = copy.checksumAlgorithm ?? source.checksum?.algorithm ?? 'CRC64NVME'
  const staged = await store.stageCopy(opened, { start: 0, end: source.sizeBytes }, [algorithm], sealing)
  const checksum = checksumToKeep(staged, algorithm)
  const annotations = await carryAnnotations(store, actor, copy, source, staged, sealing)
  const written = { bucket, key, staged, attributes, checksum, conditions, annotations, origin: actor }
  const copied = await store.putObject({ ...written, cause: 'Copy' })
  if (copy.deletesSource) await deleteObject(store, actor, deletionOf(copy, source))
  return { source, copy: copied }
}

/** Copies the annotations of the source. */
async function carryAnnotations(
  store: Store,
  actor: Actor,
  { source: { bucket, key }, fromSource }: Copy,
  version: ObjectVersion,
  staged: Staged,
  sealing: Sealing | undefined,
): Promise<AnnotationSet | undefined> {
  if (!fromSource.annotations || version.annotations === undefined) return undefined
  try {
    assertAnnotatable(sealing?.encryption)
    const dataKeys = await openKeys(actor, { bucket, key }, version, undefined)
    return await store.copyAnnotations(version, { dataKeys, sealing })
  } catch (error) {
    await store.discard(staged)
    throw error
  }
}

async function choiceFor(
  actor: Actor,
  { source: { customerKey }, object, fromSource }: Copy,
  { encryption }: ObjectVersion,
): Promise<Choice | undefined> {
  if (fromSource.encryption && encryption !== undefined) return choiceOf(actor, object, encryption, customerKey)
  return chooseEncryption(actor, object, object.encryption)
}

const deletionOf = ({ source: { bucket, key } }: Copy, { etag }: ObjectVersion): Deletion => ({
  bucket,
  key,
  versionId: undefined,
  conditions: { ifMatch: etag },
})

function attributesOf(
  requested: ObjectAttributes,
  source: ObjectVersion,
  fromSource: Copy['fromSource'],
): ObjectAttributes {
  const { headers, userMetadata, storageClass, websiteRedirectLocation, tags } = source
  return {
    ...requested,
    ...(fromSource.metadata && { headers, userMetadata }),
    ...(fromSource.storage && { storageClass, ...(websiteRedirectLocation && { websiteRedirectLocation }) }),
    ...(fromSource.tags && tags && { tags }),
  }
}

async function authorizeWrite(
  store: Store,
  { principal, gatekeeper, facts }: Actor,
  { source, object: { bucket, key }, fromSource, conditions }: Copy,
  attributes: ObjectAttributes,
): Promise<void> {
  const keys = copyKeys({ source, attributes, conditions, replacesMetadata: !fromSource.metadata })
  const asked = { principal, action: 's3:PutObject', bucket, key, versionId: undefined }
  await authorizeOnObject({ store, gatekeeper }, { ...asked, facts: factsOfEffect(facts, { keys }) })
}

/** Copying tags needs the permission to read them at the source, and to set them on the copy. */
function authorizeTags(
  { principal, gatekeeper, facts }: Actor,
  { source: { bucket, key, versionId }, object }: Copy,
  version: ObjectVersion,
): void {
  const from = { bucket, key, versionId, version, facts: factsOfSource(facts, versionId) }
  authorizeCarriedTags(gatekeeper, principal, from, { bucket: object.bucket, key: object.key, facts })
}

function authorizeAnnotations(actor: Actor, { source, object }: Copy, version: ObjectVersion): void {
  const { bucket, key, versionId } = source
  const from = { bucket, key, versionId, version, facts: factsOfSource(actor.facts, versionId) }
  authorizeCarriedAnnotations(actor, from, { bucket: object.bucket, key: object.key })
}

function refuseImpossible(
  { source, object, fromSource, checksumAlgorithm, sizeBytesMax = Number.POSITIVE_INFINITY }: Copy,
  { sizeBytes, encryption }: ObjectVersion,
  choice: Choice | undefined,
): void {
  const isSelf =
    source.bucket.name === object.bucket.name && source.key === object.key && source.versionId === undefined
  const isChanged =
    !fromSource.metadata ||
    object.storageClass !== undefined ||
    object.websiteRedirectLocation !== undefined ||
    checksumAlgorithm !== undefined ||
    isReencrypted(object, choice, encryption)
  if (isSelf && !isChanged) {
    throw new ApiError('InvalidRequest', {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    })
  }
  if (sizeBytes <= sizeBytesMax) return
  throw new ApiError('InvalidRequest', {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${sizeBytesMax}`,
  })
}

/** Naming an encryption, or having the bucket's rule applied, counts as a change even if the result is the same. */
function isReencrypted(
  { bucket, encryption: requested = {} }: NewObject,
  choice: Choice | undefined,
  before: ObjectEncryption | undefined,
): boolean {
  const isNamed = requested.method !== undefined || requested.customerKey !== undefined
  return isNamed || bucket.encryption?.method !== undefined || differs(before, choice)
}
