/** Uploads by POST: fields, policy and file. */
import { createHmac } from 'node:crypto'
import { type BadCase, table } from '../../case.ts'

const boundary = 'boundary'
const form = { 'content-type': `multipart/form-data; boundary=${boundary}` }

type Fields = Readonly<Record<string, string | undefined>>

const field = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (content: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\n${content}\r\n`

function body(fields: Fields, content = 'content'): { body: string; headers: typeof form; as: 'anonymous' } {
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [field(name, value)]))
  return { body: `${lines.join('')}${file(content)}--${boundary}--\r\n`, headers: form, as: 'anonymous' }
}

const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
const scope = `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest()

interface Policy {
  readonly expiration?: unknown
  readonly conditions?: unknown
}

/** A form as its signer makes it, with these fields changed after that. */
function signed(policy: Policy, changes: Fields = {}, content?: string, secret = 'main-secret') {
  const text = JSON.stringify({ expiration: '2200-01-01T00:00:00.000Z', conditions, ...policy })
  const encoded = Buffer.from(text).toString('base64')
  const key = scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`))
  const fields = {
    key: 'posted',
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `main/${scope}`,
    'x-amz-date': timestamp,
    policy: encoded,
    'x-amz-signature': hmac(key, encoded).toString('hex'),
    ...changes,
  }
  return body(fields, content)
}

const conditions: unknown[] = [
  { bucket: 'bucket' },
  ['starts-with', '$key', ''],
  ['starts-with', '$x-amz-algorithm', ''],
  ['starts-with', '$x-amz-credential', ''],
  ['starts-with', '$x-amz-date', ''],
]
const and = (...more: unknown[]) => ({ conditions: [...conditions, ...more] })
const anything = (name: string) => ['starts-with', `$${name}`, '']

export const forms: readonly BadCase[] = table('PostObject', 'POST /bucket', {}, [
  ['that is no form', { body: 'text', headers: { 'content-type': 'text/plain' } }, '412 PreconditionFailed'],
  ['that is an empty body', {}, '412 PreconditionFailed'],
  [
    'without a boundary',
    { body: 'text', headers: { 'content-type': 'multipart/form-data' } },
    '400 MalformedPOSTRequest',
  ],
  ['that breaks off', { body: field('key', 'posted'), headers: form }, '400 MalformedPOSTRequest'],
  ['without a file', { body: `${field('key', 'posted')}--${boundary}--\r\n`, headers: form }, '400 InvalidArgument'],
  ['without a key', body({}), '400 InvalidArgument'],
  [
    'with its key after the file',
    { body: `${file('x')}${field('key', 'posted')}--${boundary}--\r\n`, headers: form },
    '400 InvalidArgument',
  ],
  ['with an empty key', body({ key: '' }), '400 InvalidArgument'],
  [
    'with more than 20 KiB of fields',
    body({ key: 'posted', 'x-ignore-a': 'v'.repeat(21_000) }),
    '400 MaxPostPreDataLengthExceededError',
  ],
  ['by a stranger', body({ key: 'posted' }), '403 AccessDenied'],
  [
    'CVE-2021-21362: signed by one who may only read',
    signed({}, { 'x-amz-credential': `reader/${scope}` }, undefined, 'reader-secret'),
    '403 AccessDenied',
  ],
  ['to a bucket that is not there', ['POST /absent-bucket', signed({})], '404 NoSuchBucket'],
  ['to a bucket that cannot be', ['POST /Bad_Name', signed({})], '400 InvalidBucketName'],
  ['signed by one who is unknown', signed({}, { 'x-amz-credential': `unknown/${scope}` }), '403 InvalidAccessKeyId'],
  ['signed with another secret', signed({}, {}, undefined, 'wrong'), '403 SignatureDoesNotMatch'],
  [
    'with another policy than was signed',
    signed({}, { policy: Buffer.from('{}').toString('base64') }),
    '403 SignatureDoesNotMatch',
  ],
  ['without its policy', signed({}, { policy: undefined }), '400 InvalidArgument'],
  ['without its credential', signed({}, { 'x-amz-credential': undefined }), '400 InvalidArgument'],
  ['without its algorithm', signed({}, { 'x-amz-algorithm': undefined }), '400 InvalidArgument'],
  ['with an algorithm there is none of', signed({}, { 'x-amz-algorithm': 'AWS4-HMAC-MD5' }), '400 InvalidArgument'],
  ['without its date', signed({}, { 'x-amz-date': undefined }), '400 InvalidArgument'],
  ['with a credential that is none', signed({}, { 'x-amz-credential': 'main' }), '400 InvalidArgument'],
  [
    'for another region',
    signed({}, { 'x-amz-credential': `main/${scope.replace('us-east-1', 'eu-west-1')}` }),
    '400 InvalidArgument',
  ],
  [
    'for another service',
    signed({}, { 'x-amz-credential': `main/${scope.replace('s3', 'ec2')}` }),
    '400 InvalidArgument',
  ],
  ['without its signature', signed({}, { 'x-amz-signature': undefined }), '400 InvalidArgument'],
  ['after its policy expired', signed({ expiration: '2000-01-01T00:00:00.000Z' }), '403 AccessDenied'],
  ['with a policy that never expires', signed({ expiration: undefined }), '400 InvalidPolicyDocument'],
  ['with an expiry that is no date', signed({ expiration: 'tomorrow' }), '400 InvalidPolicyDocument'],
  ['with an expiry of year one million', signed({ expiration: 1e15 }), '400 InvalidPolicyDocument'],
  ['with a policy without conditions', signed({ conditions: undefined }), '400 InvalidPolicyDocument'],
  ['with a condition of two words', signed(and(['eq', '$key'])), '400 InvalidPolicyDocument'],
  ['with a condition that is a number', signed(and(7)), '400 InvalidPolicyDocument'],
  ['with an operator there is none of', signed(and(['like', '$key', 'x'])), '400 InvalidPolicyDocument'],
  ['with a field that no condition covers', signed({}, { 'x-amz-meta-a': '1' }), '403 AccessDenied'],
  ['GHSA-w5fh-f8xh-5x3p: with another key than allowed', signed(and(['eq', '$key', 'mine'])), '403 AccessDenied'],
  ['with tags that are no XML', signed(and(anything('tagging')), { tagging: 'a=1' }), '400 MalformedXML'],
  [
    'with a tag without a name',
    signed(and(anything('tagging')), { tagging: '<Tagging><TagSet><Tag><Value>1</Value></Tag></TagSet></Tagging>' }),
    '400 MalformedXML',
  ],
  [
    'with a tag named twice',
    signed(and(anything('tagging')), {
      tagging: `<Tagging><TagSet>${'<Tag><Key>a</Key><Value>1</Value></Tag>'.repeat(2)}</TagSet></Tagging>`,
    }),
    '400 InvalidTag',
  ],
  ['with a key of another folder than allowed', signed(and(['starts-with', '$key', 'mine/'])), '403 AccessDenied'],
  [
    'with a file of another name than allowed',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: so the form writes it
    signed(and(['eq', '$key', 'g.txt']), { key: '${filename}' }),
    '403 AccessDenied',
  ],
  [
    'CVE-2023-28434 CVE-2023-43040: to another bucket than allowed',
    ['POST /versioned', signed({})],
    '403 AccessDenied',
  ],
  [
    'CVE-2023-43040: to another bucket than allowed, which its field names',
    ['POST /versioned', signed({}, { bucket: 'bucket' })],
    '403 AccessDenied',
  ],
  ['with a policy that says no bucket', signed({ conditions: conditions.slice(1) }), '403 AccessDenied'],
  [
    'GHSA-w5fh-f8xh-5x3p: with another type than allowed',
    signed(and(['starts-with', '$Content-Type', 'image/']), { 'Content-Type': 'text/html' }),
    '403 AccessDenied',
  ],
  ['shorter than allowed', signed(and(['content-length-range', 100, 200])), '400 EntityTooSmall'],
  ['GHSA-w5fh-f8xh-5x3p: longer than allowed', signed(and(['content-length-range', 1, 3])), '400 EntityTooLarge'],
  ['of a length between words', signed(and(['content-length-range', 'a', 'b'])), '400 InvalidPolicyDocument'],
  ['longer than MAX_UPLOAD_SIZE', signed({}, {}, 'x'.repeat(1_048_577)), '400 EntityTooLarge'],
  ['with a key of 1,025 bytes', signed({}, { key: 'k'.repeat(1025) }), '400 KeyTooLongError'],
  ['with a key holding NUL', signed({}, { key: 'a\0b' }), '400 InvalidArgument'],
  [
    'with metadata of two lines',
    signed(and(anything('x-amz-meta-a')), { 'x-amz-meta-a': 'one\r\nSet-Cookie: two' }),
    '400 InvalidArgument',
  ],
  [
    'with metadata holding a control character',
    signed(and(anything('x-amz-meta-a')), { 'x-amz-meta-a': 'one\u0001' }),
    '400 InvalidArgument',
  ],
  [
    'with metadata of a name that is no header',
    signed(and(anything('x-amz-meta-a b')), { 'x-amz-meta-a b': '1' }),
    '400 InvalidArgument',
  ],
  [
    'with a type of two lines',
    signed(and(anything('content-type')), { 'Content-Type': 'text/plain\r\nX: y' }),
    '400 InvalidArgument',
  ],
  [
    'with 2,049 bytes of metadata',
    signed(and(anything('x-amz-meta-a')), { 'x-amz-meta-a': 'v'.repeat(2048) }),
    '400 MetadataTooLarge',
  ],
  ['with an ACL', signed(and(anything('acl')), { acl: 'public-read' }), '400 AccessControlListNotSupported'],
  [
    'in an archive',
    signed(and(anything('x-amz-storage-class')), { 'x-amz-storage-class': 'DEEP_ARCHIVE' }),
    '400 InvalidStorageClass',
  ],
  [
    'in a storage class there is none of',
    signed(and(anything('x-amz-storage-class')), { 'x-amz-storage-class': 'FAST' }),
    '400 InvalidStorageClass',
  ],
  [
    'with a wrong checksum',
    signed(and(anything('x-amz-checksum-crc32')), { 'x-amz-checksum-crc32': 'AAAAAA==' }),
    '400 BadDigest',
  ],
])
