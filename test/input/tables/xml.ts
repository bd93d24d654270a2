/** Invalid or unexpected documents: the same for every operation that takes XML. */
import { createHash } from 'node:crypto'
import { type BadCase, table } from '../case.ts'

const deep = (depth: number) => `${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`

interface Document {
  readonly operation: string
  readonly line: string
  readonly root: string
  /** The content of a valid document. */
  readonly content: string
  readonly headers?: Readonly<Record<string, string>>
}

function badDocuments({ operation, line, root, content, headers = {} }: Document): BadCase[] {
  const inRoot = (text: string) => `<${root}>${text}</${root}>`
  return table(operation, line, { headers }, [
    ['that is no XML', { body: 'plain text' }, '400 MalformedXML'],
    ['that is JSON', { body: '{"a":1}' }, '400 MalformedXML'],
    ['that does not close', { body: `<${root}>${content}` }, '400 MalformedXML'],
    ['that closes something else', { body: `<${root}>${content}</Other>` }, '400 MalformedXML'],
    ['with two roots', { body: inRoot(content) + inRoot(content) }, '400 MalformedXML'],
    ['with another root', { body: `<Other>${content}</Other>` }, '400 MalformedXML'],
    ['with text beside elements', { body: inRoot(`text${content}`) }, '400 MalformedXML'],
    ['with a document type', { body: `<!DOCTYPE a>${inRoot(content)}` }, '400 MalformedXML'],
    [
      'with an external entity',
      { body: `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${inRoot('&x;')}` },
      '400 MalformedXML',
    ],
    [
      'with entities that grow',
      { body: `<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]>${inRoot('&y;')}` },
      '400 MalformedXML',
    ],
    ['with an entity nobody declared', { body: inRoot(`${content}<Id>&unknown;</Id>`) }, '400 MalformedXML'],
    ['with a reference to no character', { body: inRoot(`${content}<Id>&#xD800;</Id>`) }, '400 MalformedXML'],
    ['with a reference to NUL', { body: inRoot(`${content}<Id>&#0;</Id>`) }, '400 MalformedXML'],
    ['nested 50 deep', { body: inRoot(deep(50)) }, '400 MalformedXML'],
    ['nested 100,000 deep', { body: inRoot(deep(100_000)) }, '400 MalformedXML'],
    [
      'that is no UTF-8',
      { body: Buffer.concat([Buffer.from(`<${root}>`), Buffer.from([0xff, 0xfe]), Buffer.from(`</${root}>`)]) },
      '400 MalformedXML',
    ],
    ['in UTF-16', { body: Buffer.from(`\ufeff${inRoot(content)}`, 'utf16le') }, '400 MalformedXML'],
    [
      'announced as larger than 4 MiB',
      { headers: { ...headers, 'content-length': '4194305' } },
      '400 MaxMessageLengthExceeded',
    ],
    [
      'with a wrong Content-MD5',
      { body: inRoot(content), headers: { ...headers, 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } },
      '400 BadDigest',
    ],
    [
      'with a Content-MD5 that is none',
      { body: inRoot(content), headers: { ...headers, 'content-md5': 'no' } },
      '400 InvalidDigest',
    ],
    [
      'in chunks without their decoded length',
      { body: inRoot(content), signing: { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } },
      '411 MissingContentLength',
    ],
    [
      'with another hash than was signed',
      { body: inRoot(content), signing: { payload: 'a'.repeat(64) } },
      '400 XAmzContentSHA256Mismatch',
    ],
  ])
}

const checked = { 'x-amz-sdk-checksum-algorithm': 'CRC32' }

export const documents: readonly BadCase[] = [
  ...badDocuments({
    operation: 'CreateBucket',
    line: 'PUT /fresh',
    root: 'CreateBucketConfiguration',
    content: '<LocationConstraint>eu-west-1</LocationConstraint>',
  }),
  ...badDocuments({
    operation: 'PutBucketVersioning',
    line: 'PUT /bucket?versioning',
    root: 'VersioningConfiguration',
    content: '<Status>Enabled</Status>',
  }),
  ...badDocuments({
    operation: 'DeleteObjects',
    line: 'POST /bucket?delete',
    root: 'Delete',
    content: '<Object><Key>object</Key></Object>',
    headers: {},
  }).map(withDigest),
  ...badDocuments({
    operation: 'CompleteMultipartUpload',
    line: 'POST /bucket/upload?uploadId={upload}',
    root: 'CompleteMultipartUpload',
    content: '<Part><PartNumber>1</PartNumber><ETag>"x"</ETag></Part>',
  }),

  ...table('PutBucketVersioning', 'PUT /bucket?versioning', {}, [
    ['without a document', {}, '400 MissingRequestBodyError'],
    ['without a status', { body: '<VersioningConfiguration/>' }, '400 IllegalVersioningConfigurationException'],
    [
      'with an unknown status',
      { body: '<VersioningConfiguration><Status>On</Status></VersioningConfiguration>' },
      '400 MalformedXML',
    ],
    [
      'with two statuses',
      { body: '<VersioningConfiguration><Status>Enabled</Status><Status>Suspended</Status></VersioningConfiguration>' },
      '400 MalformedXML',
    ],
    [
      'with MFA, which is not served',
      {
        body: '<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>',
      },
      '501 NotImplemented',
    ],
    [
      'with a checksum of another algorithm than it names',
      {
        body: '<VersioningConfiguration/>',
        headers: { ...checked, 'x-amz-checksum-sha1': 'qvTGHdzF6KLavt4PO0gs2a6pQ00=' },
      },
      '400 InvalidRequest',
    ],
    [
      'with a wrong checksum',
      { body: '<VersioningConfiguration/>', headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } },
      '400 BadDigest',
    ],
  ]),
]

/** DeleteObjects requires a digest before it reads: a correct one here, unless the row has its own. */
function withDigest(one: BadCase): BadCase {
  const headers = one.headers as Record<string, string>
  if (headers['content-md5'] !== undefined || one.body === undefined) {
    return { ...one, headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==', ...headers } }
  }
  return { ...one, headers: { 'content-md5': md5(one.body), ...headers } }
}

function md5(body: string | Buffer): string {
  return createHash('md5').update(body).digest('base64')
}
