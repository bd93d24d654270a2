/**
 * Changes the key of a stored object: the data keys are wrapped again, and nothing else changes.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html
 */
import { readAuthorized, versionRecord } from '#access/decide/objects/object-access.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import type { ObjectAddress } from '#objects/versions/change-version.ts'
import { asMarkerRefusal } from '#objects/versions/delete-marker.ts'
import type { Store } from '#store/contract.ts'
import { openKeys } from './open-keys.ts'
import { wrapAll } from './seal.ts'
import { authorizeReencryption, findKey } from './wrapping-keys.ts'

/** SSE-KMS with this key. */
export interface NewKey {
  readonly keyArn: string
  readonly usesBucketKey: boolean
}

export interface EncryptionUpdate extends ObjectAddress {
  /** Undefined if the request could not be read. */
  readonly to: NewKey | undefined
  /** The error of reading the request. Only callers who may change the encryption get it. */
  readonly fault?: unknown
}

/**
 * InvalidRequest for an object that is not encrypted with SSE-S3 or SSE-KMS; AccessDenied, also for a key of another
 * account.
 */
export async function updateEncryption(store: Store, actor: Actor, update: EncryptionUpdate): Promise<ObjectVersion> {
  const { fault, to, ...address } = update
  const { bucket } = address
  const version = await readVersion(store, actor, update)
  if (to === undefined) throw fault
  const { encryption } = version
  assertUpdatable(version)
  const key = await findKey(actor, address, to.keyArn)
  if (key.account !== actor.encryption.accountOf(bucket.ownerId)) throw foreignKey()
  const dataKeys = await openKeys(actor, address, version, undefined)
  if (encryption === undefined || dataKeys === undefined) throw notEncrypted()
  const choice = { method: 'aws:kms', key, usesBucketKey: to.usesBucketKey, context: encryption.context } as const
  authorizeReencryption(actor, address, encryption, choice)
  const rewrap = { from: encryption, to: await wrapAll(actor, address, choice, dataKeys) }
  const changed = await store.rewrapVersion(bucket.name, version, rewrap, actor)
  if (changed === undefined) throw new ApiError('OperationAborted')
  return changed
}

function readVersion(
  store: Store,
  { principal, gatekeeper, facts }: Actor,
  { bucket, key, versionId, to }: EncryptionUpdate,
): Promise<ObjectVersion> {
  const keys = {
    ...(versionId !== undefined && { 's3:versionid': versionId }),
    ...(to !== undefined && {
      's3:x-amz-server-side-encryption': 'aws:kms',
      's3:x-amz-server-side-encryption-aws-kms-key-id': to.keyArn,
    }),
  }
  const asked = { principal, action: 's3:UpdateObjectEncryption', bucket, key, facts: { ...facts, keys } }
  const read = () =>
    store.headObject(bucket.name, key, versionId).catch((error: unknown) => {
      throw asMarkerRefusal(facts.method, error)
    })
  return readAuthorized({ store, gatekeeper }, asked, read, versionRecord)
}

function assertUpdatable({ encryption }: ObjectVersion): void {
  if (encryption === undefined) throw notEncrypted()
  if (encryption.method === 'AES256' || encryption.method === 'aws:kms') return
  throw new ApiError('InvalidRequest', {
    message:
      "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
  })
}

const notEncrypted = () =>
  new ApiError('InvalidRequest', {
    message:
      "The UpdateObjectEncryption operation doesn't supported unencrypted source objects. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
  })

const foreignKey = () =>
  new ApiError('AccessDenied', {
    message:
      'The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.',
  })
