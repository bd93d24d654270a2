/**
 * Appending: https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-append.html, here in every
 * bucket.
 */
import { ApiError } from '#model/errors.ts'
import { assertAppendable, assertWriteOffset } from '#model/object/append.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { openKeys } from '#objects/encryption/open-keys.ts'
import { chooseEncryption } from '#objects/encryption/seal.ts'
import type { OpenObject, Staged, Store } from '#store/contract.ts'
import { type NewBody, receiveBody } from './new-body.ts'
import type { NewObject } from './new-object.ts'
import { type Put, putObject } from './put-object.ts'

export interface Append extends Omit<Put, 'cause'> {
  /** The size that the object must have. 0 creates a new object. */
  readonly offsetBytes: number
}

/**
 * The edge has authorized s3:PutObject. The object keeps its attributes: InvalidRequest for a request with others, and
 * for one without bytes. InvalidWriteOffset, TooManyParts.
 */
export async function appendObject(store: Store, actor: Actor, append: Append): Promise<ObjectVersion> {
  const { object, offsetBytes, conditions } = append
  const body = notEmpty(append.body)
  const { bucket, key } = object
  const opened = await openCurrent(store, bucket.name, key)
  if (opened === undefined) return createObject(store, actor, { ...append, body })
  const base = opened.version
  let staged: Staged
  try {
    assertWriteOffset(offsetBytes, base.sizeBytes)
    const algorithm = assertAppendable(base, body.checksumAlgorithm)
    refuseAttributes(object, base)
    await assertSameEncryption(actor, object, base)
    if (bucket.quota !== undefined && body.sizeBytes !== undefined) {
      await store.assertQuota(bucket, { key, sizeBytes: offsetBytes + body.sizeBytes, isPart: false })
    }
    const dataKeys = await openKeys(actor, { bucket, key }, base, object.encryption?.customerKey)
    staged = await receiveBody(body, algorithm, {
      stage: (incoming) => store.stageAppend(opened, incoming, dataKeys),
      discard: (received) => store.discard(received),
    })
  } catch (error) {
    opened.close()
    throw error
  }
  return store.putAppended({ bucket, key, base, staged, conditions, origin: actor })
}

/** The length may be known only after the body was received. */
function notEmpty(body: NewBody): NewBody {
  const assertSize = (sizeBytes: number | undefined) => {
    if (sizeBytes !== 0) return
    throw new ApiError('InvalidRequest', {
      message: "Request body cannot be empty when 'write offset' is specified.",
    })
  }
  assertSize(body.sizeBytes)
  return {
    sizeBytes: body.sizeBytes,
    checksumAlgorithm: body.checksumAlgorithm,
    open: (algorithms) => body.open(algorithms),
    verify(staged) {
      body.verify?.(staged)
      assertSize(staged.sizeBytes)
    },
  }
}

async function openCurrent(store: Store, bucketName: string, key: string): Promise<OpenObject | undefined> {
  try {
    return await store.openObject(bucketName, key, undefined)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NoSuchKey') return undefined
    throw error
  }
}

/** An object that another request has created meanwhile is not replaced. */
async function createObject(store: Store, actor: Actor, { offsetBytes, ...put }: Append): Promise<ObjectVersion> {
  assertWriteOffset(offsetBytes, 0)
  const { conditions } = put
  try {
    return await putObject(store, actor, { ...put, conditions: { ...conditions, ifNoneMatch: '*' } })
  } catch (error) {
    const isThere = error instanceof ApiError && error.code === 'PreconditionFailed'
    throw isThere && conditions.ifNoneMatch === undefined ? new ApiError('InvalidWriteOffset') : error
  }
}

/** Clients send Content-Type and similar headers by default: these are ignored. */
function refuseAttributes(object: NewObject, base: ObjectVersion): void {
  const { userMetadata = {}, storageClass, websiteRedirectLocation, tags, acl, lock } = object
  const isOther = storageClass !== undefined && storageClass !== base.storageClass
  const says = [websiteRedirectLocation, tags, acl, lock].some((one) => one !== undefined)
  if (Object.keys(userMetadata).length > 0) {
    throw new ApiError('InvalidRequest', {
      message: 'Cannot specify both a write offset value and user-defined object metadata for existing objects.',
    })
  }
  if (!says && !isOther) return
  throw new ApiError('InvalidRequest', {
    message: 'Tags, ACL, lock, redirect and storage class of an object cannot be changed by appending to it.',
  })
}

/** Appended bytes are encrypted like the object. EncryptionTypeMismatch for a request with another method or key. */
async function assertSameEncryption(actor: Actor, object: NewObject, { encryption }: ObjectVersion): Promise<void> {
  const { method, keyId } = object.encryption ?? {}
  if (method === undefined) return
  const choice = await chooseEncryption(actor, object, object.encryption)
  const isOtherKey =
    keyId !== undefined && choice !== undefined && 'key' in choice && choice.key.arn !== encryption?.keyArn
  if (method !== encryption?.method || isOtherKey) throw new ApiError('EncryptionTypeMismatch')
}
