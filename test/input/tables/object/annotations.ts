/** Annotations: their names, their texts, and parameters of their list. */
import { type BadCase, type Given, table } from '../../case.ts'

const object = '/bucket/object?annotation'
const note = `${object}&annotationName=note`
const body: Given = { body: 'text' }

const at = (method: string, more = '') =>
  [
    ['of an object that is not there', `${method} /bucket/absent?annotation${more}`, '404 NoSuchKey'],
    ['of a version that is not there', `&versionId=${'0'.repeat(32)}`, '404 NoSuchVersion'],
    ['of a version that cannot be', '&versionId=no-version', '400 InvalidArgument'],
    ['in a bucket that is not there', `${method} /absent-bucket/object?annotation${more}`, '404 NoSuchBucket'],
    ['of an object of others', `${method} /theirs/object?annotation${more}`, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ] as const

const names = (method: string) =>
  [
    ['of 513 bytes', `${method} ${object}&annotationName=${'n'.repeat(513)}`, '400 AnnotationNameTooLong'],
    [
      'of 257 letters that are 514 bytes',
      `${method} ${object}&annotationName=${'%C3%BC'.repeat(257)}`,
      '400 AnnotationNameTooLong',
    ],
    ...['a%2Fb', 'a%20b', 'a%3Ab', 'a%00b', 'a%0Ab', '%F0%9F%98%80', 'aws', 'AWS.x', 's3-note', 'S3'].map(
      (name) =>
        [`${name}, which is none`, `${method} ${object}&annotationName=${name}`, '400 InvalidAnnotationName'] as const,
    ),
    ['that is empty', `${method} ${object}&annotationName=`, '400 UserAnnotationNameMustBeSpecified'],
  ] as const

const unnamed = (method: string) =>
  [['without a name', `${method} ${object}`, '400 UserAnnotationNameMustBeSpecified']] as const

const writes = [
  ['if the object is another', { headers: { 'x-amz-object-if-match': '"0"' } }, '412 PreconditionFailed'],
  ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
  [
    'presigned with a condition that was not signed',
    { as: 'presigned', headers: { 'x-amz-object-if-match': '*' } },
    '403 AccessDenied',
  ],
] as const

export const annotations: readonly BadCase[] = [
  ...table('PutObjectAnnotation', `PUT ${note}`, body, [
    ...at('PUT', '&annotationName=note'),
    ...names('PUT'),
    ...unnamed('PUT'),
    ...writes,
    ['of no bytes', { body: '' }, '400 EntityTooSmall'],
    ['of 1 MiB and a byte', { body: 'x'.repeat(1024 * 1024 + 1) }, '400 EntityTooLarge'],
    ['of bytes that are no text', { body: Buffer.from([0x61, 0xff]) }, '415 UnsupportedMediaType'],
    ['with a wrong checksum', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }, '400 BadDigest'],
    ['with half a checksum', { headers: { 'x-amz-checksum-crc32': 'AAAA' } }, '400 InvalidRequest'],
    ['with a wrong Content-MD5', { headers: { 'content-md5': `${'A'.repeat(22)}==` } }, '400 BadDigest'],
    ['with another body than was signed', { signing: { payload: 'a'.repeat(64) } }, '400 XAmzContentSHA256Mismatch'],
  ]),
  ...table('GetObjectAnnotation', `GET ${note}`, {}, [
    ...at('GET', '&annotationName=note'),
    ...names('GET'),
    ['that is not there', '', '404 NoSuchAnnotation'],
  ]),
  ...table('ListObjectAnnotations', `GET ${object}`, {}, [
    ...at('GET'),
    ...['0', '1001', '-1', 'all', ''].map(
      (max) => [`of ${max || 'no'} results`, `&max-annotation-results=${max}`, '400 InvalidArgument'] as const,
    ),
    ['by a prefix with a slash', '&annotation-prefix=a%2F', '400 InvalidPrefix'],
    ['by a prefix of 513 bytes', `&annotation-prefix=${'p'.repeat(513)}`, '400 InvalidPrefix'],
    ['after a token that is none', '&continuation-token=x', '400 InvalidArgument'],
    [
      'after a token that leads elsewhere',
      `&continuation-token=${Buffer.from('1a\0b').toString('base64url')}`,
      '400 InvalidArgument',
    ],
  ]),
  ...table('DeleteObjectAnnotation', `DELETE ${note}`, {}, [
    ...at('DELETE', '&annotationName=note'),
    ...names('DELETE'),
    ...unnamed('DELETE'),
    ...writes,
  ]),
]
