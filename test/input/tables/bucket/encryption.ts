/** Encryption of buckets and objects; its bad values are in test/s3. */
import { createHash } from 'node:crypto'
import { type BadCase, table } from '../../case.ts'

const document = (root: string, content: string) => {
  const body = `<${root}>${content}</${root}>`
  return { body, headers: { 'content-md5': createHash('md5').update(body).digest('base64') } }
}

export const encryption: readonly BadCase[] = [
  ...table('PutBucketEncryption', 'PUT /bucket?encryption', document('ServerSideEncryptionConfiguration', ''), [
    ['of a bucket that is not there', 'PUT /nobuckethere?encryption', '404 NoSuchBucket'],
    ['without a rule', {}, '400 MalformedXML'],
    ['with another checksum', { body: '<ServerSideEncryptionConfiguration/>' }, '400 BadDigest'],
    ['without credentials', { as: 'nobody' }, '403 AccessDenied'],
  ]),
  ...table('UpdateObjectEncryption', 'PUT /bucket/object?encryption', document('ObjectEncryption', ''), [
    ['of a bucket that is not there', 'PUT /nobuckethere/key?encryption', '404 NoSuchBucket'],
    ['without a method', {}, '400 InvalidRequest'],
    ['with another checksum', { body: '<ObjectEncryption/>' }, '400 BadDigest'],
    ['without credentials', { as: 'nobody' }, '403 AccessDenied'],
  ]),
]
