/** Multipart uploads: their ids, parts, ranges and completion. */
import { type BadCase, table } from '../../case.ts'

const noUpload = `${'0'.repeat(48)}`
const uploadIds = (line: (id: string) => string) =>
  [
    ['with an upload id that is not known', line(noUpload), '404 NoSuchUpload'],
    ['with an upload id that is a path', line('..%2F..%2Fconfig'), '404 NoSuchUpload'],
    ['with an upload id of 5,000 characters', line('a'.repeat(5000)), '404 NoSuchUpload'],
    ['with an empty upload id', line(''), '404 NoSuchUpload'],
    ['with an upload id holding NUL', line('%00'), '404 NoSuchUpload'],
  ] as const
const partNumbers = (line: (number: string) => string) =>
  ['0', '10001', '-1', 'one', '1.5', '1e3', ''].map(
    (number) => [`as part ${number || 'of no number'}`, line(number), '400 InvalidArgument'] as const,
  )

const at = '/bucket/upload?uploadId={upload}'
const part = (number: number, etag: string, more = '') =>
  `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more}</Part>`
const complete = (parts: string) => ({ body: `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>` })
const crc = '<ChecksumCRC32>{crc}</ChecksumCRC32>'
const first = part(1, '{etag}', crc)
const ours = complete(first)

export const multipart: readonly BadCase[] = [
  ...table('CreateMultipartUpload', 'POST /bucket/fresh?uploads', {}, [
    ['of a key that is too long', `POST /bucket/${'k'.repeat(1025)}?uploads`, '400 KeyTooLongError'],
    ['in a bucket that is not there', 'POST /absent-bucket/fresh?uploads', '404 NoSuchBucket'],
    [
      'with a checksum algorithm there is none of',
      { headers: { 'x-amz-checksum-algorithm': 'CRC16' } },
      '400 InvalidRequest',
    ],
    ['with a checksum type alone', { headers: { 'x-amz-checksum-type': 'COMPOSITE' } }, '400 InvalidRequest'],
    [
      'with a checksum type there is none of',
      { headers: { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'PARTIAL' } },
      '400 InvalidRequest',
    ],
    [
      'with a checksum type its algorithm cannot have',
      { headers: { 'x-amz-checksum-algorithm': 'SHA256', 'x-amz-checksum-type': 'FULL_OBJECT' } },
      '400 InvalidRequest',
    ],
    ['with 2,049 bytes of metadata', { headers: { 'x-amz-meta-a': 'v'.repeat(2048) } }, '400 MetadataTooLarge'],
    ['in a storage class there is none of', { headers: { 'x-amz-storage-class': 'FAST' } }, '400 InvalidStorageClass'],
    ['in an archive', { headers: { 'x-amz-storage-class': 'GLACIER' } }, '400 InvalidStorageClass'],
    [
      'with an encryption there is none of',
      { headers: { 'x-amz-server-side-encryption': 'AES' } },
      '400 InvalidArgument',
    ],
    ['with a second sub-resource', '&torrent', '405 MethodNotAllowed'],
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
  ]),
  ...table(
    'UploadPart',
    `PUT ${at}&partNumber=2`,
    { body: 'a part', headers: { 'x-amz-checksum-crc32': '2+D9gg==' } },
    [
      ...uploadIds((id) => `PUT /bucket/upload?partNumber=1&uploadId=${id}`),
      ...partNumbers((number) => `PUT ${at}&partNumber=${number}`),
      ['of another key', 'PUT /bucket/other?partNumber=1&uploadId={upload}', '404 NoSuchUpload'],
      ['of another bucket', 'PUT /versioned/upload?partNumber=1&uploadId={upload}', '404 NoSuchUpload'],
      [
        'without a length',
        { headers: { 'content-length': '' }, body: '', signing: { payload: 'UNSIGNED-PAYLOAD' } },
        '411 MissingContentLength',
      ],
      [
        'larger than MAX_UPLOAD_SIZE',
        { headers: { 'content-length': '1048577' }, signing: { payload: 'UNSIGNED-PAYLOAD' } },
        '400 EntityTooLarge',
      ],
      ['with a wrong Content-MD5', { headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } }, '400 BadDigest'],
      ['with a wrong checksum', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }, '400 BadDigest'],
      [
        'with a checksum of another algorithm than the upload has',
        { headers: [['x-amz-checksum-sha1', 'qvTGHdzF6KLavt4PO0gs2a6pQ00=']] },
        '400 InvalidRequest',
      ],
      ['without a checksum, where the upload is composite', { headers: [] }, '400 InvalidRequest'],
      ['with another body than was signed', { signing: { payload: 'a'.repeat(64) } }, '400 XAmzContentSHA256Mismatch'],
      ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
      ['with a part number alone', 'PUT /bucket/upload?partNumber=1', '400 InvalidArgument'],
      ['with an upload id alone', 'PUT /bucket/upload?uploadId={upload}', '400 InvalidArgument'],
    ],
  ),
  ...table('UploadPartCopy', `PUT ${at}&partNumber=2`, { headers: { 'x-amz-copy-source': '/bucket/object' } }, [
    ...uploadIds((id) => `PUT /bucket/upload?partNumber=1&uploadId=${id}`),
    ...partNumbers((number) => `PUT ${at}&partNumber=${number}`),
    ...['', 'bytes=', 'bytes=0', 'bytes=5-2', 'bytes=-5', 'bytes=0-', 'bytes=0-1,3-4', '0-5', 'bytes=a-b'].map(
      (range) =>
        [`of range "${range}"`, { headers: { 'x-amz-copy-source-range': range } }, '400 InvalidArgument'] as const,
    ),
    ['of a range past the end', { headers: { 'x-amz-copy-source-range': 'bytes=0-10' } }, '400 InvalidArgument'],
    ['of a range beyond the end', { headers: { 'x-amz-copy-source-range': 'bytes=10-10' } }, '400 InvalidRequest'],
    ['from nowhere', { headers: { 'x-amz-copy-source': '/' } }, '400 InvalidArgument'],
    ['from a key that is not there', { headers: { 'x-amz-copy-source': '/bucket/absent' } }, '404 NoSuchKey'],
    ['from a bucket of others', { headers: { 'x-amz-copy-source': '/theirs/object' } }, '403 AccessDenied'],
    [
      'when the source has another ETag',
      { headers: { 'x-amz-copy-source-if-match': '"x"' } },
      '412 PreconditionFailed',
    ],
    [
      'from a bucket of another owner than expected',
      { headers: { 'x-amz-source-expected-bucket-owner': '999999999999' } },
      '403 AccessDenied',
    ],
  ]),
  ...table('CompleteMultipartUpload', `POST ${at}`, ours, [
    ...uploadIds((id) => `POST /bucket/upload?uploadId=${id}`),
    ['of another key', 'POST /bucket/other?uploadId={upload}', '404 NoSuchUpload'],
    ['without a document', { body: '' }, '400 MalformedXML'],
    [
      'of an unknown upload without a document',
      [`POST /bucket/upload?uploadId=${noUpload}`, { body: '' }],
      '404 NoSuchUpload',
    ],
    ['without parts', complete(''), '400 MalformedXML'],
    ['of a part without a number', complete('<Part><ETag>{etag}</ETag></Part>'), '400 MalformedXML'],
    ['of a part without an ETag', complete('<Part><PartNumber>1</PartNumber></Part>'), '400 MalformedXML'],
    [
      'of a part whose number is a word',
      complete('<Part><PartNumber>one</PartNumber><ETag>{etag}</ETag></Part>'),
      '400 MalformedXML',
    ],
    ['of a part that was not sent', complete(first + part(7, '{etag}')), '400 InvalidPart'],
    ['of a part with another ETag', complete(part(1, '0123')), '400 InvalidPart'],
    [
      'of a part with another checksum',
      complete(part(1, '{etag}', '<ChecksumCRC32>AAAAAA==</ChecksumCRC32>')),
      '400 InvalidPart',
    ],
    ['of parts out of order', complete(part(3, '{etag}', crc) + first), '400 InvalidPartOrder'],
    ['of a part without its checksum', complete(part(1, '{etag}')), '400 InvalidRequest'],
    [
      'of a part with the checksum of another algorithm',
      complete(part(1, '{etag}', '<ChecksumCRC32C>AAAAAA==</ChecksumCRC32C>')),
      '400 BadDigest',
    ],
    [
      'of a part with a checksum that is none',
      complete(part(1, '{etag}', '<ChecksumCRC32>?</ChecksumCRC32>')),
      '400 InvalidArgument',
    ],
    ['of part 0', complete(part(0, '{etag}', crc)), '400 InvalidArgument'],
    ['of one part twice', complete(first + first), '400 InvalidPartOrder'],
    [
      'of 10,001 parts',
      complete(Array.from({ length: 10_001 }, (_, number) => part(number + 1, 'e')).join('')),
      '400 MalformedXML',
    ],
    ['of a part that is too small', complete(first + part(3, '{etag}', crc)), '400 EntityTooSmall'],
    ['with another size than they have', { headers: { 'x-amz-mp-object-size': '99' } }, '400 InvalidRequest'],
    ['with a size that is no number', { headers: { 'x-amz-mp-object-size': 'big' } }, '400 InvalidArgument'],
    ['with a checksum type there is none of', { headers: { 'x-amz-checksum-type': 'PARTIAL' } }, '400 InvalidRequest'],
    [
      'with another checksum type than it was begun with',
      { headers: { 'x-amz-checksum-type': 'FULL_OBJECT' } },
      '400 InvalidRequest',
    ],
    ['with a wrong checksum', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==-1' } }, '400 BadDigest'],
    ['with a checksum that is none', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==-1-1' } }, '400 BadDigest'],
    ['with the checksum of another algorithm', { headers: { 'x-amz-checksum-crc32c': 'AAAAAA==' } }, '400 BadDigest'],
    ['with two conditions', { headers: { 'if-match': '"x"', 'if-none-match': '*' } }, '501 NotImplemented'],
    ['when something must be there', { headers: { 'if-match': '"x"' } }, '404 NoSuchKey'],
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
  ]),
  ...table('AbortMultipartUpload', `DELETE ${at}`, {}, [
    ...uploadIds((id) => `DELETE /bucket/upload?uploadId=${id}`),
    ['of another key', 'DELETE /bucket/other?uploadId={upload}', '404 NoSuchUpload'],
    [
      'begun at another time',
      { headers: { 'x-amz-if-match-initiated-time': 'Fri, 24 Nov 2000 00:00:00 GMT' } },
      '412 PreconditionFailed',
    ],
    ['begun at no time', { headers: { 'x-amz-if-match-initiated-time': 'yesterday' } }, '400 InvalidArgument'],
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
  ]),
  ...table('ListParts', `GET ${at}`, {}, [
    ...uploadIds((id) => `GET /bucket/upload?uploadId=${id}`),
    ['with a page of words', '&max-parts=ten', '400 InvalidArgument'],
    ['with a negative page', '&max-parts=-1', '400 InvalidArgument'],
    ['after a part that is no number', '&part-number-marker=x', '400 InvalidArgument'],
    ['after a negative part', '&part-number-marker=-1', '400 InvalidArgument'],
    ['by one who may not', { as: 'nobody' }, '403 AccessDenied'],
  ]),
]
