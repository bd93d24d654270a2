import { elementAt, elementsAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import {
  assertBucketEncryption,
  type BucketEncryption,
  blockedEncryptionTypes,
  defaultBlockedEncryption,
  defaultMethods,
  encryptionInForce,
} from '#model/bucket/bucket-encryption.ts'
import { type BucketSetting, xmlDocument } from '#s3/bucket/setting.ts'
import type { XmlContent } from '#s3/operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html */
export const encryption: BucketSetting<BucketEncryption> = {
  subresource: 'encryption',
  get: { name: 'GetBucketEncryption', action: 's3:GetEncryptionConfiguration' },
  put: { name: 'PutBucketEncryption', action: 's3:PutEncryptionConfiguration', needsChecksum: true },
  delete: { name: 'DeleteBucketEncryption', action: 's3:PutEncryptionConfiguration' },
  missing: 'ServerSideEncryptionConfigurationNotFoundError',
  document: xmlDocument({
    root: 'ServerSideEncryptionConfiguration',
    lists: ['Rule', 'EncryptionType'],
    parse(content) {
      const [rule, ...others] = elementsAt(content, 'Rule')
      if (rule === undefined || others.length > 0) throw new Error('exactly one <Rule>')
      const value = readRule(rule)
      assertBucketEncryption(value)
      return value
    },
    format: (value) => ({ Rule: writeRule(value) }),
  }),
  kept: {
    find: (bucket, { settings }) => encryptionInForce(bucket, settings.defaultEncryption),
    put: (value, { bucketName }, { store }) =>
      store.updateBucket(bucketName, (bucket) => ({ ...bucket, encryption: value })),
    delete: ({ bucketName }, { store, settings }) =>
      store.updateBucket(bucketName, ({ encryption: _, ...bucket }: Bucket) => ({
        ...bucket,
        ...defaultBlockedEncryption(settings.defaultBlockedEncryption),
      })),
  },
}

function readRule(rule: XmlElements): BucketEncryption {
  const applied = elementAt(rule, 'ApplyServerSideEncryptionByDefault')
  const blocked = elementAt(rule, 'BlockedEncryptionTypes')
  if (applied === undefined && blocked === undefined) throw new Error('the rule says nothing')
  const bucketKey = oneOf(textAt(rule, 'BucketKeyEnabled'), ['true', 'false'])
  const kmsKeyId = applied === undefined ? undefined : textAt(applied, 'KMSMasterKeyID') || undefined
  const method = applied === undefined ? undefined : oneOf(textAt(applied, 'SSEAlgorithm') ?? '', defaultMethods)
  return {
    ...(method !== undefined && { method }),
    ...(kmsKeyId !== undefined && { kmsKeyId }),
    ...(bucketKey === 'true' && { usesBucketKey: true }),
    ...(blocked !== undefined && { blocked: readTypes(blocked) }),
  }
}

function readTypes(blocked: XmlElements): NonNullable<BucketEncryption['blocked']> {
  const types = (blocked.EncryptionType ?? []) as readonly unknown[]
  return types.flatMap((type) => oneOf(typeof type === 'string' ? type : '', blockedEncryptionTypes) ?? [])
}

function oneOf<const Value extends string>(text: string | undefined, values: readonly Value[]): Value | undefined {
  if (text === undefined) return undefined
  const value = values.find((one) => one === text)
  if (value === undefined) throw new Error(`${text} is none of ${values.join(', ')}`)
  return value
}

function writeRule({ method, kmsKeyId, usesBucketKey, blocked }: BucketEncryption): XmlContent {
  return {
    ApplyServerSideEncryptionByDefault:
      method === undefined ? undefined : { SSEAlgorithm: method, KMSMasterKeyID: kmsKeyId },
    BucketKeyEnabled: usesBucketKey === true,
    BlockedEncryptionTypes: blocked === undefined ? undefined : { EncryptionType: blocked },
  }
}
