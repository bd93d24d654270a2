/** Encryption of a bucket and of an object that is there. More is in test/s3/encryption. */
import { type BadCase, type Given, table } from '../case.ts'

const rule = (inner: string): string =>
  `<ServerSideEncryptionConfiguration><Rule>${inner}</Rule></ServerSideEncryptionConfiguration>`
const byDefault = (algorithm: string): string =>
  `<ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault>`
const right: Given = { body: rule(byDefault('AES256')) }

export const encryption: readonly BadCase[] = [
  ...table('PutBucketEncryption', 'PUT /bucket?encryption', right, [
    ['without a checksum of its body', {}, '400 InvalidRequest'],
    ['of a bucket that is not there', 'PUT /absent-bucket?encryption', '404 NoSuchBucket'],
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ]),
  ...table('UpdateObjectEncryption', 'PUT /bucket/object?encryption', { body: '<ObjectEncryption/>' }, [
    ['of an object that is not there', 'PUT /bucket/absent?encryption', '404 NoSuchKey'],
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ]),
]
