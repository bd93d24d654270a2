/** Object Lock of buckets and versions; its bad values are in test/s3/locks/object-lock-input.test.ts. */
import { createHash } from 'node:crypto'
import { type BadCase, table } from '../../case.ts'

const document = (root: string, content: string) => {
  const body = `<${root}>${content}</${root}>`
  return { body, headers: { 'content-md5': createHash('md5').update(body).digest('base64') } }
}
const configuration = (content: string) => document('ObjectLockConfiguration', content)
const enabled = '<ObjectLockEnabled>Enabled</ObjectLockEnabled>'
const retention = document(
  'Retention',
  '<Mode>COMPLIANCE</Mode><RetainUntilDate>2999-01-01T00:00:00Z</RetainUntilDate>',
)
const held = document('LegalHold', '<Status>ON</Status>')

const absent = (subresource: string) =>
  [
    ['of a bucket that is not there', `PUT /nobuckethere/key?${subresource}`, '404 NoSuchBucket'],
    ['of a key that is not there', `PUT /versioned/none?${subresource}`, '404 NoSuchKey'],
    [
      'of a version that is not there',
      `PUT /bucket/object?${subresource}&versionId=${'0'.repeat(32)}`,
      '404 NoSuchVersion',
    ],
    ['of a version that cannot be', `PUT /bucket/object?${subresource}&versionId=1`, '400 InvalidArgument'],
    ['of a delete marker', `PUT /versioned/deleted?${subresource}&versionId={marker}`, '405 MethodNotAllowed'],
    ['in a bucket without Object Lock', `PUT /bucket/object?${subresource}`, '400 InvalidRequest'],
    ['without credentials', { as: 'nobody' }, '403 AccessDenied'],
  ] as const

export const locks: readonly BadCase[] = [
  ...table('PutObjectLockConfiguration', 'PUT /versioned?object-lock', configuration(enabled), [
    ['of a bucket that is not there', 'PUT /nobuckethere?object-lock', '404 NoSuchBucket'],
    ['without versioning', 'PUT /bucket?object-lock', '409 InvalidBucketState'],
    ['that enables nothing', configuration(''), '400 MalformedXML'],
    ['of an empty rule', configuration(`${enabled}<Rule/>`), '400 MalformedXML'],
    ['with another checksum', { body: '<ObjectLockConfiguration/>' }, '400 BadDigest'],
    ['without credentials', { as: 'nobody' }, '403 AccessDenied'],
  ]),
  ...table('PutObjectRetention', 'PUT /bucket/object?retention', retention, absent('retention')),
  ...table('PutObjectLegalHold', 'PUT /bucket/object?legal-hold', held, absent('legal-hold')),
]
