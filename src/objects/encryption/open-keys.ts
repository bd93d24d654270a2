/** The data keys of encrypted objects, for readers with the permission, or with the customer's key. */
import { ApiError } from '#model/errors.ts'
import type { DataKeys, ObjectEncryption } from '#model/object/encryption.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { KeyUser } from '#objects/actor.ts'
import type { OpenObject } from '#store/contract.ts'
import { type CustomerKey, missingCustomerKey, wrongKey } from './customer-key.ts'
import { decodeWrappedKey, unwrapDataKey } from './wrapped-key.ts'
import { type ObjectPlace, openWrappingKey } from './wrapping-keys.ts'

/**
 * Undefined for an object that is not encrypted. InvalidRequest if the customer's key is missing or not applicable;
 * AccessDenied for a wrong key, and without kms:Decrypt.
 */
export async function openKeys(
  user: KeyUser,
  place: ObjectPlace,
  { encryption }: Pick<ObjectVersion, 'encryption'>,
  customerKey: CustomerKey | undefined,
): Promise<DataKeys | undefined> {
  if (customerKey !== undefined && encryption?.method !== 'SSE-C') {
    throw new ApiError('InvalidRequest', {
      message: 'The encryption parameters are not applicable to this object.',
    })
  }
  if (encryption?.method === 'SSE-C' && customerKey === undefined) throw missingCustomerKey()
  if (encryption?.method !== 'AES256') return encryption && unwrapAll(user, place, encryption, customerKey)
  const name = `${place.bucket.name}\0${place.key}\0${encryption.wrappedKey}`
  return user.encryption.keepDataKeys(name, () => unwrapAll(user, place, encryption, undefined))
}

/** Decrypts the bytes of a version for its reader. */
export async function unseal(
  user: KeyUser,
  place: ObjectPlace,
  opened: OpenObject,
  customerKey?: CustomerKey,
): Promise<void> {
  const dataKeys = await openKeys(user, place, opened.version, customerKey)
  if (dataKeys !== undefined) await opened.unseal(dataKeys)
}

/** The same, but closes the object if it cannot be decrypted. */
export async function unsealed(user: KeyUser, place: ObjectPlace, opened: OpenObject): Promise<OpenObject> {
  try {
    await unseal(user, place, opened)
    return opened
  } catch (error) {
    opened.close()
    throw error
  }
}

/** The keys for a part. InvalidRequest unless the customer's key is that of the upload, or neither has one. */
export async function openUploadKeys(
  user: KeyUser,
  place: ObjectPlace,
  { encryption }: Pick<Upload, 'encryption'>,
  customerKey: CustomerKey | undefined,
): Promise<DataKeys | undefined> {
  if ((customerKey !== undefined) !== (encryption?.method === 'SSE-C')) {
    throw new ApiError('InvalidRequest', {
      message:
        'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
    })
  }
  if (encryption === undefined) return undefined
  try {
    return await unwrapAll(user, place, encryption, customerKey)
  } catch (error) {
    if (!(error instanceof ApiError) || encryption.method !== 'SSE-C') throw error
    throw new ApiError('InvalidRequest', {
      message: 'The provided encryption parameters did not match the ones used originally.',
    })
  }
}

async function unwrapAll(
  user: KeyUser,
  place: ObjectPlace,
  encryption: ObjectEncryption,
  customerKey: CustomerKey | undefined,
): Promise<DataKeys> {
  const { wrappedKey, secondWrappedKey } = encryption
  const binding = { bucket: place.bucket.name, key: place.key }
  const dataKeys: Buffer[] = []
  for (const text of [wrappedKey, ...(secondWrappedKey === undefined ? [] : [secondWrappedKey])]) {
    const wrapped = decodeWrappedKey(text)
    const wrappingKey = customerKey?.bytes ?? (await openWrappingKey(user, place, encryption, wrapped.wrapper))
    const dataKey = unwrapDataKey(wrapped, wrappingKey, binding)
    if (dataKey === undefined)
      throw customerKey === undefined ? new Error('the wrapped key is not of this object') : wrongKey()
    dataKeys.push(dataKey)
  }
  return dataKeys
}
