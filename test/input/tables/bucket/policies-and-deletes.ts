/** Bucket policies, and the deletion of many objects. */
import { createHash } from 'node:crypto'
import { type BadCase, table } from '../../case.ts'

const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
const policy = (changes: object, more: object = {}) => ({
  body: JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, ...changes }], ...more }),
})

export const absent = (verb: string, sub: string) =>
  [
    ['of a bucket that is not there', `${verb} /absent-bucket?${sub}`, '404 NoSuchBucket'],
    ['of a bucket of others', `${verb} /theirs?${sub}`, '403 AccessDenied'],
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
    ['of an object', `${verb} /bucket/object?${sub}`, '400 InvalidArgument'],
  ] as const

const remove = (objects: string, headers: Record<string, string> = {}) => {
  const body = `<Delete>${objects}</Delete>`
  return { body, headers: { 'content-md5': createHash('md5').update(body).digest('base64'), ...headers } }
}
const object = '<Object><Key>object</Key></Object>'

export const policiesAndDeletes: readonly BadCase[] = [
  ...table('PutBucketPolicy', 'PUT /bucket?policy', policy({}), [
    ...absent('PUT', 'policy'),
    ['that is empty', { body: '' }, '400 MissingRequestBodyError'],
    ['that is no JSON', { body: '{' }, '400 MalformedPolicy'],
    ['that is a list', { body: '[]' }, '400 MalformedPolicy'],
    ['that is XML', { body: '<Policy/>' }, '400 MalformedPolicy'],
    ['without statements', { body: '{"Version":"2012-10-17"}' }, '400 MalformedPolicy'],
    ['with no statement', { body: '{"Version":"2012-10-17","Statement":[]}' }, '400 MalformedPolicy'],
    ['of another version', policy({}, { Version: '2020-01-01' }), '400 MalformedPolicy'],
    ['with a field there is none of', policy({}, { Extra: 1 }), '400 MalformedPolicy'],
    ['with a field of a statement there is none of', policy({ Extra: 1 }), '400 MalformedPolicy'],
    ['that neither allows nor denies', policy({ Effect: 'Perhaps' }), '400 MalformedPolicy'],
    ['for nobody', policy({ Principal: undefined }), '400 MalformedPolicy'],
    ['for a principal of no kind', policy({ Principal: { Robot: '*' } }), '400 MalformedPolicy'],
    ['of no action', policy({ Action: undefined }), '400 MalformedPolicy'],
    ['of an action of another service', policy({ Action: 'iam:CreateUser' }), '400 MalformedPolicy'],
    ['of an action that is a number', policy({ Action: 7 }), '400 MalformedPolicy'],
    ['on another bucket', policy({ Resource: 'arn:aws:s3:::versioned/*' }), '400 MalformedPolicy'],
    ['on what is no resource', policy({ Resource: 'bucket' }), '400 MalformedPolicy'],
    ['of more than 20 KiB', policy({ Sid: 's'.repeat(20_480) }), '400 MalformedPolicy'],
    ['larger than any document', { headers: { 'content-length': '4194305' } }, '400 MaxMessageLengthExceeded'],
    ['with a wrong Content-MD5', { headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } }, '400 BadDigest'],
    ['with another body than was signed', { signing: { payload: 'a'.repeat(64) } }, '400 XAmzContentSHA256Mismatch'],
  ]),
  ...table('GetBucketPolicy', 'GET /bucket?policy', {}, absent('GET', 'policy')),
  ...table('GetBucketPolicy', 'GET /versioned?policy', {}, [['that is not there', {}, '404 NoSuchBucketPolicy']]),
  ...table('GetBucketPolicyStatus', 'GET /bucket?policyStatus', {}, absent('GET', 'policyStatus')),
  ...table('DeleteBucketPolicy', 'DELETE /bucket?policy', {}, absent('DELETE', 'policy')),

  ...table('DeleteObjects', 'POST /bucket?delete', remove(object), [
    ['without any digest', { headers: [] }, '400 InvalidRequest'],
    ['of no objects', remove(''), '400 MalformedXML'],
    ['of 1,001 objects', remove(object.repeat(1001)), '400 MalformedXML'],
    ['of an object without a key', remove('<Object><VersionId>x</VersionId></Object>'), '400 MalformedXML'],
    ['of an object with an empty key', remove('<Object><Key/></Object>'), '400 MalformedXML'],
    ['of an object with two keys', remove('<Object><Key>a</Key><Key>b</Key></Object>'), '400 MalformedXML'],
    [
      'with a wrong checksum',
      { headers: { 'content-md5': '', 'x-amz-checksum-crc32': 'AAAAAA==' } },
      '400 InvalidDigest',
    ],
    ['in a bucket that is not there', 'POST /absent-bucket?delete', '404 NoSuchBucket'],
    ['of an object that is addressed', 'POST /bucket/object?delete', '400 InvalidArgument'],
  ]),
]
