/**
 * The keys that wrap data keys: keys of the KMS, with the user's own permission, or the server's key. The permission is
 * checked each time, even if a bucket key is cached.
 */
import type { KeyPlace, KeyView } from '#keyring/data-keys.ts'
import { aliasArn } from '#keyring/key-lookup.ts'
import { managedAlias } from '#keyring/managed-keys.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { signedRegionOf } from '#model/bucket/bucket-region.ts'
import { ApiError } from '#model/errors.ts'
import type { EncryptionContext, ObjectEncryption } from '#model/object/encryption.ts'
import type { KeyUser } from '#objects/actor.ts'
import type { WrappingKey } from './wrapped-key.ts'

/** The object that is or will be encrypted. */
export interface ObjectPlace {
  readonly bucket: Bucket
  readonly key: string
}

export interface KeyUse {
  readonly key: KeyView
  readonly usesBucketKey: boolean
  /** As the client gave it. */
  readonly context?: EncryptionContext | undefined
}

const arnOfBucket = ({ name }: Bucket) => `arn:aws:s3:::${name}`

function contextOf({ bucket, key }: ObjectPlace, usesBucketKey: boolean, given: EncryptionContext = {}) {
  const arn = usesBucketKey ? arnOfBucket(bucket) : `${arnOfBucket(bucket)}/${key}`
  return { ...given, 'aws:s3:arn': arn }
}

const placeOfKey = ({ encryption, principal }: KeyUser, { region }: Bucket): KeyPlace => ({
  account: encryption.accountOf(principal.canonicalId),
  region: signedRegionOf(region),
})

/** It is created at first use, also when it is named. */
const isManaged = (keyId: string, place: KeyPlace): boolean =>
  keyId === managedAlias('s3') || keyId === aliasArn(place, managedAlias('s3'))

/**
 * The key that a request or a bucket names, otherwise alias/aws/s3. KMS.NotFoundException, or the error of a key that
 * cannot be used.
 */
export async function findKey(user: KeyUser, { bucket }: ObjectPlace, keyId: string | undefined): Promise<KeyView> {
  assertSignedForKms(user)
  const place = placeOfKey(user, bucket)
  const { keyring } = user.encryption
  return keyId === undefined || isManaged(keyId, place) ? keyring.managedKey('s3', place) : keyring.lookUp(keyId, place)
}

/** AccessDenied without kms:GenerateDataKey. */
export async function newWrappingKey(user: KeyUser, place: ObjectPlace, use: KeyUse): Promise<WrappingKey> {
  const { key, usesBucketKey } = use
  const context = contextOf(place, usesBucketKey, use.context)
  authorizeKey(user, 'kms:GenerateDataKey', key, context)
  const { encryption, principal } = user
  if (!usesBucketKey) return encryption.keyring.generateDataKey(key.arn, context)
  return encryption.bucketKey(principal.accessKeyId, key.arn, context)
}

/** AccessDenied without kms:Decrypt. */
export function authorizeDecryption(user: KeyUser, place: ObjectPlace, { key, usesBucketKey, context }: KeyUse): void {
  authorizeKey(user, 'kms:Decrypt', key, contextOf(place, usesBucketKey, context))
}

/** AccessDenied without kms:Decrypt. */
export async function openWrappingKey(
  user: KeyUser,
  place: ObjectPlace,
  { method, keyArn = '', isBucketKeyEnabled, context }: ObjectEncryption,
  wrapped: Buffer,
): Promise<Buffer> {
  const { keyring } = user.encryption
  if (method === 'AES256') return user.encryption.openServerKey(arnOfBucket(place.bucket), wrapped)
  assertSignedForKms(user)
  const key = await keyring.lookUp(keyArn, placeOfKey(user, place.bucket))
  const usesBucketKey = isBucketKeyEnabled === true
  authorizeDecryption(user, place, { key, usesBucketKey, context })
  return keyring.unwrap(wrapped, contextOf(place, usesBucketKey, context))
}

/** AccessDenied without the permissions to change the key of an object. */
export function authorizeReencryption(user: KeyUser, place: ObjectPlace, from: ObjectEncryption, to: KeyUse): void {
  const context = contextOf(place, to.usesBucketKey, to.context)
  authorizeKey(user, 'kms:Encrypt', to.key, context)
  if (from.keyArn === undefined) return
  const key = user.encryption.keyring.resolve(from.keyArn, placeOfKey(user, place.bucket))
  const before = contextOf(place, from.isBucketKeyEnabled === true, from.context)
  authorizeKey(user, 'kms:ReEncryptFrom', key, before)
  authorizeKey(user, 'kms:ReEncryptTo', to.key, context)
}

export const newServerKey = ({ encryption }: KeyUser, place: Pick<ObjectPlace, 'bucket'>): Promise<WrappingKey> =>
  encryption.serverKey(arnOfBucket(place.bucket))

function authorizeKey(
  { gatekeeper, principal, facts }: KeyUser,
  action: string,
  key: KeyView,
  context: EncryptionContext,
): void {
  gatekeeper.authorizeKey(principal, { action, key, context, via: 's3' }, facts)
}

/** InvalidArgument for a request without a signature, or with one of Version 2. */
function assertSignedForKms({ facts }: KeyUser): void {
  const { via, signature } = facts.caller
  if (via !== 'anonymous' && signature?.version !== 'AWS') return
  throw new ApiError('InvalidArgument', {
    message: 'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.',
    fields: { ArgumentName: 'Authorization', ArgumentValue: 'null' },
  })
}
