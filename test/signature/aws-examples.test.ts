/**
 * The examples that AWS publishes, with its example keys, dates and signatures.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html,
 * sigv4-streaming.html, sigv4-streaming-trailers.html, sigv4-post-example.html and RESTAuthentication.html
 */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createBucketHostReader } from '#model/bucket/bucket-host.ts'
import { decodeAwsChunked } from '#signature/chunks/aws-chunked.ts'
import { parseCredentials, type V2Credentials, type V4Credentials } from '#signature/credentials.ts'
import { checkPostPolicy, verifyFormSignature } from '#signature/post-policy.ts'
import type { Payload, SignableRequest } from '#signature/request.ts'
import { verifyV2 } from '#signature/v2.ts'
import { verifyV4 } from '#signature/v4.ts'

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const isRegion = (name: string) => name === 'us-east-1'

function request(method: string, target: string, lines: readonly string[]): SignableRequest {
  const pairs = lines.map(
    (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
  )
  const headers: Record<string, string> = {}
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase()
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`
  }
  return { method, target, headers, rawHeaders: pairs.flat() }
}

describe('Signature Version 4', () => {
  const options = { region: 'us-east-1', service: 's3', isRegion, hosts: [], bucketInHost: createBucketHostReader([]) }
  const verify = (asked: SignableRequest): Payload =>
    verifyV4(asked, parseCredentials(asked) as V4Credentials, secret, options, Date.UTC(2013, 4, 24))
  const authorization = (signedHeaders: string, signature: string) =>
    `Authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`
  const inBucket = ['Host: examplebucket.s3.amazonaws.com', 'x-amz-date: 20130524T000000Z']
  const plain = 'host;x-amz-content-sha256;x-amz-date'

  it('verifies GET Object with a range', () => {
    const asked = request('GET', '/test.txt', [
      ...inBucket,
      'Range: bytes=0-9',
      `x-amz-content-sha256: ${empty}`,
      authorization(
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    ])
    expect(verify(asked)).toEqual({ kind: 'sha256', hex: empty })
  })

  it('verifies PUT Object of a key with a dollar sign', () => {
    const hex = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'
    const asked = request('PUT', '/test$file.text', [
      ...inBucket,
      'Date: Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class: REDUCED_REDUNDANCY',
      `x-amz-content-sha256: ${hex}`,
      authorization(
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    ])
    expect(verify(asked)).toEqual({ kind: 'sha256', hex })
  })

  it.each([
    ['GET Bucket Lifecycle', '/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['List Objects', '/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('verifies %s', (_name, target, signature) => {
    const asked = request('GET', target, [
      ...inBucket,
      `x-amz-content-sha256: ${empty}`,
      authorization(plain, signature),
    ])
    expect(verify(asked)).toEqual({ kind: 'sha256', hex: empty })
  })

  it('verifies a presigned URL', () => {
    const query = [
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      `X-Amz-Credential=${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request`,
      'X-Amz-Date=20130524T000000Z',
      'X-Amz-Expires=86400',
      'X-Amz-SignedHeaders=host',
      'X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    ].join('&')
    const asked = request('GET', `/test.txt?${query}`, ['Host: examplebucket.s3.amazonaws.com'])
    expect(verify(asked)).toEqual({ kind: 'unsigned' })
  })

  const chunkedHead = ['Host: s3.amazonaws.com', 'x-amz-date: 20130524T000000Z', 'Content-Encoding: aws-chunked']
  const body = (signatures: readonly string[], end: string) =>
    Buffer.from(
      [65_536, 1024, 0]
        .map(
          (size, at) =>
            `${size.toString(16)};chunk-signature=${signatures[at]}\r\n${'a'.repeat(size)}${size > 0 ? '\r\n' : ''}`,
        )
        .join('') + end,
    )

  it('verifies an upload in chunks, each of them', async () => {
    const asked = request('PUT', '/examplebucket/chunkObject.txt', [
      ...chunkedHead,
      'x-amz-storage-class: REDUCED_REDUNDANCY',
      'x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length: 66560',
      'Content-Length: 66824',
      authorization(
        'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
        '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      ),
    ])
    const signatures = [
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ]
    const framed = body(signatures, '\r\n')
    expect(framed.length).toBe(66_824)
    const decoded = decodeAwsChunked(Readable.from([framed]), verify(asked), 66_560)
    expect((await buffer(decoded)).equals(Buffer.alloc(66_560, 'a'))).toBe(true)
  })

  it('verifies an upload in chunks with a trailer, and its signature', async () => {
    const asked = request('PUT', '/examplebucket/chunkObject.txt', [
      ...chunkedHead,
      'x-amz-storage-class: REDUCED_REDUNDANCY',
      'x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length: 66560',
      'x-amz-trailer: x-amz-checksum-crc32c',
      authorization(
        'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
        '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
      ),
    ])
    const signatures = [
      'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
      '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
      '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    ]
    const trailers =
      'x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'
    const framed = Readable.from([body(signatures, trailers)])
    const decoded = decodeAwsChunked(framed, verify(asked), 66_560, 'x-amz-checksum-crc32c')
    expect((await buffer(decoded)).length).toBe(66_560)
    expect(decoded.trailers).toEqual({ 'x-amz-checksum-crc32c': 'sOO8/Q==' })
  })
})

describe('the policy of a form', () => {
  const signatureV4 = '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e'
  // Its lines end in CRLF on the page.
  const policy = Buffer.from(
    [
      '{ "expiration": "2015-12-30T12:00:00.000Z",',
      '  "conditions": [',
      '    {"bucket": "sigv4examplebucket"},',
      '    ["starts-with", "$key", "user/user1/"],',
      '    {"acl": "public-read"},',
      '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
      '    ["starts-with", "$Content-Type", "image/"],',
      '    {"x-amz-meta-uuid": "14365123651274"},',
      '    {"x-amz-server-side-encryption": "AES256"},',
      '    ["starts-with", "$x-amz-meta-tag", ""],',
      '',
      '    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},',
      '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
      '    {"x-amz-date": "20151229T000000Z" }',
      '  ]',
      '}',
    ].join('\r\n'),
  ).toString('base64')
  const fields = new Map([
    ['key', 'user/user1/me.jpg'],
    ['acl', 'public-read'],
    ['success_action_redirect', 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html'],
    ['content-type', 'image/jpeg'],
    ['x-amz-meta-uuid', '14365123651274'],
    ['x-amz-server-side-encryption', 'AES256'],
    ['x-amz-credential', 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request'],
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-date', '20151229T000000Z'],
    ['x-amz-meta-tag', ''],
    ['policy', policy],
    ['x-amz-signature', signatureV4],
  ])
  const settings = { region: 'us-east-1', service: 's3', isRegion, takesV2: true }

  it('verifies with Signature Version 4, and its conditions hold', () => {
    verifyFormSignature(fields, settings, () => secret)
    const nowMs = Date.UTC(2015, 11, 29)
    expect(
      checkPostPolicy({ fileName: '', policyBase64: policy, fields, bucket: 'sigv4examplebucket', nowMs }),
    ).toEqual({})
  })

  it('verifies with Signature Version 2', () => {
    const policyV2 = Buffer.from(
      `{ "expiration": "2007-12-01T12:00:00.000Z",
  "conditions": [
    {"bucket": "johnsmith"},
    ["starts-with", "$key", "user/eric/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://johnsmith.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    ["starts-with", "$x-amz-meta-tag", ""]
  ]
}
`,
    ).toString('base64')
    const fieldsV2 = new Map([
      ['policy', policyV2],
      ['awsaccesskeyid', accessKeyId],
      ['signature', '0RavWzkygo6QX9caELEqKi9kDbU='],
    ])
    // The page kept the signature of an older example secret.
    const olderSecret = 'uV3F3YluFJax1cknvbcGwgjvx4QpvB+leU8dUj2o'
    expect(() => verifyFormSignature(fieldsV2, settings, () => olderSecret)).not.toThrow()
  })
})

describe('Signature Version 2', () => {
  const verify = (asked: SignableRequest, nowMs: number) =>
    verifyV2(asked, parseCredentials(asked) as V2Credentials, secret, {
      nowMs,
      bucketInHost: createBucketHostReader(['s3.amazonaws.com']),
    })
  const johnsmith = 'Host: johnsmith.s3.amazonaws.com'
  const service = 'Host: s3.amazonaws.com'

  it.each([
    [
      'Object GET',
      'GET',
      '/photos/puppy.jpg',
      [johnsmith, 'Date: Tue, 27 Mar 2007 19:36:42 +0000'],
      'bWq2s1WEIj+Ydj0vQ697zp+IXMU=',
    ],
    [
      'Object PUT',
      'PUT',
      '/photos/puppy.jpg',
      [johnsmith, 'Content-Type: image/jpeg', 'Content-Length: 94328', 'Date: Tue, 27 Mar 2007 21:15:45 +0000'],
      'MyyxeRY7whkBe+bq8fHCL/2kKUg=',
    ],
    [
      'List',
      'GET',
      '/?prefix=photos&max-keys=50&marker=puppy',
      [johnsmith, 'Date: Tue, 27 Mar 2007 19:42:41 +0000'],
      'htDYFYduRNen8P9ZfE/s9SuKy0U=',
    ],
    ['Fetch', 'GET', '/?acl', [johnsmith, 'Date: Tue, 27 Mar 2007 19:44:46 +0000'], 'c2WLPFtWHVgbEmeEG93a4cG37dM='],
    [
      'Delete',
      'DELETE',
      '/johnsmith/photos/puppy.jpg',
      [service, 'Date: Tue, 27 Mar 2007 21:20:26 +0000'],
      'lx3byBScXR6KzyMaifNkardMwNk=',
    ],
    [
      'Upload, with a header that is repeated',
      'PUT',
      '/static.johnsmith.net/db-backup.dat.gz',
      [
        service,
        'Date: Tue, 27 Mar 2007 21:06:08 +0000',
        'x-amz-acl: public-read',
        'content-type: application/x-download',
        'Content-MD5: 4gJE4saaMU4BqNR0kLY+lw==',
        'X-Amz-Meta-ReviewedBy: joe@johnsmith.net',
        'X-Amz-Meta-ReviewedBy: jane@johnsmith.net',
        'X-Amz-Meta-FileChecksum: 0x02661779',
        'X-Amz-Meta-ChecksumAlgorithm: crc32',
        'Content-Disposition: attachment; filename=database.dat',
        'Content-Encoding: gzip',
        'Content-Length: 5913339',
      ],
      'ilyl83RwaSoYIEdixDQcA4OnAnc=',
    ],
    [
      'List all my buckets',
      'GET',
      '/',
      [service, 'Date: Wed, 28 Mar 2007 01:29:59 +0000'],
      'qGdzdERIC03wnaRNKh6OqZehG9s=',
    ],
    [
      'Unicode keys',
      'GET',
      '/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re',
      [service, 'Date: Wed, 28 Mar 2007 01:49:49 +0000'],
      'DNEZGsoieTZ92F3bUfSPQcbGmlM=',
    ],
  ] as const)('verifies %s', (_name, method, target, lines, signature) => {
    const asked = request(method, target, [...lines, `Authorization: AWS ${accessKeyId}:${signature}`])
    expect(() => verify(asked, Date.parse(String(asked.headers.date)))).not.toThrow()
  })

  it('verifies a URL', () => {
    const query = `AWSAccessKeyId=${accessKeyId}&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620`
    const asked = request('GET', `/photos/puppy.jpg?${query}`, [johnsmith])
    expect(() => verify(asked, 1_175_139_619_000)).not.toThrow()
    expect(() => verify(asked, 1_175_139_621_000)).toThrow('Request has expired')
  })
})
