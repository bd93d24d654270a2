/**
 * The encryption of a new object: from its request, otherwise from the bucket's rule, otherwise from the server's
 * default.
 */
import { drawRandom } from '#lib/random-pool.ts'
import { encryptionInForce } from '#model/bucket/bucket-encryption.ts'
import type { EncryptionMethod, ObjectEncryption, Sealing } from '#model/object/encryption.ts'
import type { KeyUser } from '#objects/actor.ts'
import type { NewObject } from '#objects/writes/new-object.ts'
import { type CustomerKey, missingCustomerKey } from './customer-key.ts'
import type { RequestedEncryption } from './requested-encryption.ts'
import { type WrappingKey, wrapDataKey } from './wrapped-key.ts'
import {
  authorizeDecryption,
  findKey,
  type KeyUse,
  newServerKey,
  newWrappingKey,
  type ObjectPlace,
} from './wrapping-keys.ts'

/** How a new object will be encrypted. */
export type Choice =
  | { readonly method: 'AES256' }
  | { readonly method: 'SSE-C'; readonly customerKey: Buffer }
  | ({ readonly method: 'aws:kms' | 'aws:kms:dsse' } & KeyUse)

/** Undefined if it will not be encrypted. KMS.NotFoundException, or the error of a key that cannot be used. */
export async function chooseEncryption(
  user: KeyUser,
  place: ObjectPlace,
  requested: RequestedEncryption = {},
): Promise<Choice | undefined> {
  const { customerKey, context } = requested
  if (customerKey !== undefined) return { method: 'SSE-C', customerKey: customerKey.bytes }
  const rule = encryptionInForce(place.bucket, user.encryption.defaultEncryption)
  const method = requested.method ?? rule?.method
  if (method === undefined || method === 'AES256') return method && { method }
  const keyId = requested.method === undefined ? rule?.kmsKeyId : requested.keyId
  const usesBucketKey = method === 'aws:kms' && (requested.usesBucketKey ?? rule?.usesBucketKey ?? false)
  return { method, key: await findKey(user, place, keyId), usesBucketKey, context }
}

/** The present encryption of an object, for a copy elsewhere or again. */
export async function choiceOf(
  user: KeyUser,
  place: ObjectPlace,
  { method, keyArn, isBucketKeyEnabled, context }: ObjectEncryption,
  customerKey: CustomerKey | undefined,
): Promise<Choice> {
  if (method === 'AES256') return { method }
  if (method !== 'SSE-C') {
    return { method, key: await findKey(user, place, keyArn), usesBucketKey: isBucketKeyEnabled === true, context }
  }
  if (customerKey === undefined) throw missingCustomerKey()
  return { method, customerKey: customerKey.bytes }
}

/** The encryption of the object in the request. AccessDenied without the permission for the key. */
export async function sealNew(user: KeyUser, object: NewObject): Promise<Sealing | undefined> {
  const choice = await chooseEncryption(user, object, object.encryption)
  return choice && sealWith(user, object, choice)
}

/** AccessDenied without the permission for the key. */
export async function sealWith(user: KeyUser, place: ObjectPlace, choice: Choice): Promise<Sealing> {
  const dataKeys = Array.from({ length: choice.method === 'aws:kms:dsse' ? 2 : 1 }, () => drawRandom(32))
  return { dataKeys, encryption: await wrapAll(user, place, choice, dataKeys) }
}

/** The record of data keys that are in use, or will be. */
export async function wrapAll(
  user: KeyUser,
  place: ObjectPlace,
  choice: Choice,
  dataKeys: readonly Buffer[],
): Promise<ObjectEncryption> {
  const binding = { bucket: place.bucket.name, key: place.key }
  const wrapped: string[] = []
  for (const dataKey of dataKeys) {
    const wrapping = await wrappingKeyFor(user, place, choice)
    wrapped.push(wrapDataKey(dataKey, wrapping, binding))
  }
  const [wrappedKey = '', secondWrappedKey] = wrapped
  return {
    ...describe(choice),
    wrappedKey,
    ...(secondWrappedKey !== undefined && { secondWrappedKey }),
  }
}

function wrappingKeyFor(user: KeyUser, place: ObjectPlace, choice: Choice): WrappingKey | Promise<WrappingKey> {
  if (choice.method === 'SSE-C') return { plaintext: choice.customerKey, wrapped: Buffer.alloc(0) }
  return choice.method === 'AES256' ? newServerKey(user, place) : newWrappingKey(user, place, choice)
}

function describe(choice: Choice): { readonly method: EncryptionMethod } & Partial<ObjectEncryption> {
  const { method } = choice
  if (method === 'SSE-C' || method === 'AES256') return { method }
  const { key, usesBucketKey, context } = choice
  return {
    method,
    keyArn: key.arn,
    ...(usesBucketKey && { isBucketKeyEnabled: true }),
    ...(context !== undefined && { context }),
  }
}

/** Whether the choice differs from the present encryption of an object. */
export function differs(encryption: ObjectEncryption | undefined, choice: Choice | undefined): boolean {
  if (choice === undefined || encryption === undefined) return choice !== encryption
  const { method, keyArn, isBucketKeyEnabled } = describe(choice)
  return (
    method !== encryption.method || keyArn !== encryption.keyArn || isBucketKeyEnabled !== encryption.isBucketKeyEnabled
  )
}

/**
 * The encryption of an upload. The keys of its parts are derived from its own. Its creator needs kms:Decrypt too, since
 * parts need it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
 */
export async function sealUpload(user: KeyUser, object: NewObject): Promise<ObjectEncryption | undefined> {
  const choice = await chooseEncryption(user, object, object.encryption)
  if (choice === undefined) return undefined
  if ('key' in choice) authorizeDecryption(user, object, choice)
  return (await sealWith(user, object, choice)).encryption
}
