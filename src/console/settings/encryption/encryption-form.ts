/** The encryption of a bucket as fields of a form. */
import {
  assertBucketEncryption,
  type BlockedEncryptionType,
  type BucketEncryption,
  defaultMethods,
} from '#model/bucket/bucket-encryption.ts'
import { refusalOf } from '#model/errors.ts'

/** The typed values. `method` is '' for the server's default. */
export interface TypedEncryption {
  readonly method: string
  readonly kmsKeyId: string
  readonly usesBucketKey: boolean
  readonly blocksCustomerKeys: boolean
}

export function typedEncryption(encryption: BucketEncryption = {}): TypedEncryption {
  const { method = '', kmsKeyId = '', usesBucketKey = false, blocked = [] } = encryption
  return { method, kmsKeyId, usesBucketKey, blocksCustomerKeys: blocked.includes('SSE-C') }
}

export const typedEncryptionIn = (form: URLSearchParams): TypedEncryption => ({
  method: form.get('method') ?? '',
  kmsKeyId: form.get('kmsKeyId')?.trim() ?? '',
  usesBucketKey: form.get('usesBucketKey') === 'on',
  blocksCustomerKeys: form.get('blocksCustomerKeys') === 'on',
})

/**
 * The setting, or the mistake in it. A key and a bucket key belong to a method; they are left out with another one.
 * `byDefault`: the methods that new buckets block. To allow one, the setting must say so.
 */
export function readEncryption(
  { method: typed, kmsKeyId, usesBucketKey, blocksCustomerKeys }: TypedEncryption,
  byDefault: readonly BlockedEncryptionType[],
): { readonly encryption: BucketEncryption | undefined } | { readonly problem: string } {
  const method = defaultMethods.find((one) => one === typed)
  if (method === undefined && typed !== '') return { problem: 'There is no such encryption method.' }
  const usesKms = method === 'aws:kms' || method === 'aws:kms:dsse'
  const blocked = blocksCustomerKeys ? (['SSE-C'] as const) : byDefault.length > 0 ? (['NONE'] as const) : undefined
  const encryption: BucketEncryption = {
    ...(method !== undefined && { method }),
    ...(usesKms && kmsKeyId !== '' && { kmsKeyId }),
    ...(method === 'aws:kms' && usesBucketKey && { usesBucketKey: true }),
    ...(blocked !== undefined && { blocked }),
  }
  if (kmsKeyId.length > 2048) return { problem: 'A KMS key has at most 2048 characters.' }
  try {
    assertBucketEncryption(encryption)
  } catch (error) {
    return { problem: refusalOf(error).message }
  }
  return { encryption: Object.keys(encryption).length === 0 ? undefined : encryption }
}
