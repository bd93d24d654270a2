/** Objects: keys, bodies, checksums, metadata, conditions, ranges, versions. */
import { type BadCase, type Given, table } from '../../case.ts'

const long = 'k'.repeat(1025)
const crc32 = 'x-amz-checksum-crc32'
const noVersion = '&versionId=no-version'

/** Keys that cannot be. */
const keys = (method: string, after = '') =>
  [
    ['of 1,025 bytes', `${method} /bucket/${long}${after}`, '400 KeyTooLongError'],
    [
      'of 600 characters that are 1,200 bytes',
      `${method} /bucket/${'%C3%BC'.repeat(600)}${after}`,
      '400 KeyTooLongError',
    ],
    ['with NUL', `${method} /bucket/a%00b${after}`, '400 InvalidArgument'],
    ['that does not decode', `${method} /bucket/%zz${after}`, '400 InvalidURI'],
    ['with a lone surrogate', `${method} /bucket/%ED%A0%80${after}`, '400 InvalidURI'],
    ['with an overlong slash', `${method} /bucket/%C0%AF${after}`, '400 InvalidURI'],
  ] as const

/** Answers to HEAD have no document, so no code. */
const withoutCode = (rows: ReturnType<typeof keys>) =>
  rows.map(([title, line, answers]) => [title, line, answers.slice(0, 3)] as const)

const write = [
  ['with an ACL', { headers: { 'x-amz-acl': 'public-read' } }, '400 AccessControlListNotSupported'],
  ['with a grant to nobody', { headers: { 'x-amz-grant-read': 'id=x' } }, '400 InvalidArgument'],
  [
    'with an encryption there is none of',
    { headers: { 'x-amz-server-side-encryption': 'AES' } },
    '400 InvalidArgument',
  ],
  ['with half a lock', { headers: { 'x-amz-object-lock-mode': 'GOVERNANCE' } }, '400 InvalidArgument'],
  ['in a storage class there is none of', { headers: { 'x-amz-storage-class': 'FAST' } }, '400 InvalidStorageClass'],
  ['in an archive', { headers: { 'x-amz-storage-class': 'GLACIER' } }, '400 InvalidStorageClass'],
  ['in a deep archive', { headers: { 'x-amz-storage-class': 'DEEP_ARCHIVE' } }, '400 InvalidStorageClass'],
  ['with 2,049 bytes of metadata', { headers: { 'x-amz-meta-a': 'v'.repeat(2048) } }, '400 MetadataTooLarge'],
  [
    'with a redirect to no address',
    { headers: { 'x-amz-website-redirect-location': 'javascript:alert(1)' } },
    '400 InvalidRedirectLocation',
  ],
  ['with a tag named twice', { headers: { 'x-amz-tagging': 'a=1&a=2' } }, '400 InvalidArgument'],
  ['with a tag of two values', { headers: { 'x-amz-tagging': 'a=1=2' } }, '400 InvalidArgument'],
  ['with a tag that is no UTF-8', { headers: { 'x-amz-tagging': 'a=%ff' } }, '400 InvalidArgument'],
  ['with a tag without a name', { headers: { 'x-amz-tagging': '=1' } }, '400 InvalidTag'],
  ["with a tag of AWS's own", { headers: { 'x-amz-tagging': 'aws:a=1' } }, '400 InvalidTag'],
  [
    'with eleven tags',
    { headers: { 'x-amz-tagging': [...'abcdefghijk'].map((name) => `${name}=1`).join('&') } },
    '400 BadRequest',
  ],
  ['with a tag of 129 characters', { headers: { 'x-amz-tagging': `${'t'.repeat(129)}=1` } }, '400 InvalidTag'],
  ['in a bucket that is not there', '', '404 NoSuchBucket'],
  ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
  ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
] as const

const writeAt = (line: string) =>
  write.map(([title, given, answers]) =>
    given === '' ? ([title, line, answers] as const) : ([title, given, answers] as const),
  )

const writeConditions = [
  [
    'when its ETag is another',
    { headers: { 'if-match': '"0123456789abcdef0123456789abcdef"' } },
    '412 PreconditionFailed',
  ],
  ['when it must not be there', { headers: { 'if-none-match': '*' } }, '412 PreconditionFailed'],
  ['with two conditions', { headers: { 'if-match': '"x"', 'if-none-match': '*' } }, '501 NotImplemented'],
] as const

const readConditions = (status412: string) =>
  [
    ['when its ETag is another', { headers: { 'if-match': '"x"' } }, status412],
    ['when its ETag is known', { headers: { 'if-none-match': '*' } }, '304'],
    ['when it was modified since', { headers: { 'if-unmodified-since': 'Fri, 24 Nov 2000 00:00:00 GMT' } }, status412],
  ] as const

const checksums = [
  ['with a Content-MD5 that is none', { headers: { 'content-md5': 'bm8=' } }, '400 InvalidDigest'],
  ['with a wrong Content-MD5', { headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } }, '400 BadDigest'],
  ['with a wrong checksum', { headers: { [crc32]: 'AAAAAA==' } }, '400 BadDigest'],
  ['with a checksum that is no base64', { headers: { [crc32]: '!!' } }, '400 InvalidRequest'],
  ['with a checksum of another length', { headers: { [crc32]: 'AAAA' } }, '400 InvalidRequest'],
  [
    'with two checksums',
    { headers: { [crc32]: 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' } },
    '400 InvalidRequest',
  ],
  ['with a checksum of an unknown algorithm', { headers: { 'x-amz-checksum-crc16': 'AAA=' } }, '400 InvalidRequest'],
  [
    'with an unknown algorithm announced',
    { headers: { 'x-amz-sdk-checksum-algorithm': 'CRC16' } },
    '400 InvalidRequest',
  ],
  [
    'with an announced checksum that is missing',
    { headers: { 'x-amz-sdk-checksum-algorithm': 'CRC32' } },
    '400 InvalidRequest',
  ],
  [
    'with another algorithm than announced',
    { headers: { 'x-amz-sdk-checksum-algorithm': 'SHA1', [crc32]: 'AAAAAA==' } },
    '400 InvalidRequest',
  ],
  ['with a trailer of no checksum', { headers: { 'x-amz-trailer': 'x-amz-meta-a' } }, '400 InvalidRequest'],
  ['with a trailer and a checksum', { headers: { 'x-amz-trailer': crc32, [crc32]: 'AAAAAA==' } }, '400 InvalidRequest'],
  ['with a trailer that cannot come', { headers: { 'x-amz-trailer': crc32 } }, '400 MalformedTrailerError'],
] as const

const lengths = [
  [
    'without a length',
    { body: '', headers: { 'content-length': '' }, signing: { payload: 'UNSIGNED-PAYLOAD' } },
    '411 MissingContentLength',
  ],
  ['of negative length', { headers: { 'content-length': '-1' } }, '400 BadRequest'],
  ['of a length that is no number', { headers: { 'content-length': 'ten' } }, '400 BadRequest'],
  [
    'larger than MAX_UPLOAD_SIZE',
    { headers: { 'content-length': '1048577' }, signing: { payload: 'UNSIGNED-PAYLOAD' } },
    '400 EntityTooLarge',
  ],
  ['larger than a number', { headers: { 'content-length': '9'.repeat(30) } }, '400 BadRequest'],
  [
    'in chunks without their decoded length',
    { signing: { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } },
    '411 MissingContentLength',
  ],
  [
    'in chunks of a decoded length that is none',
    { headers: { 'x-amz-decoded-content-length': '-1' }, signing: { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } },
    '400 InvalidArgument',
  ],
  ['with a body hash in no known form', { signing: { payload: 'nothing' } }, '400 InvalidArgument'],
  ['with another body than was signed', { signing: { payload: 'a'.repeat(64) } }, '400 XAmzContentSHA256Mismatch'],
] as const

const body: Given = { body: 'new content' }

const atEnd = { 'x-amz-write-offset-bytes': '10' }
const appends = [
  ['at its end, with metadata', { headers: { ...atEnd, 'x-amz-meta-a': '1' } }, '400 InvalidRequest'],
  ['at its end, with tags', { headers: { ...atEnd, 'x-amz-tagging': 'a=1' } }, '400 InvalidRequest'],
  [
    'at its end, in another class',
    { headers: { ...atEnd, 'x-amz-storage-class': 'STANDARD_IA' } },
    '400 InvalidRequest',
  ],
  [
    'at its end, with a checksum of another algorithm',
    { headers: { ...atEnd, [crc32]: 'AAAAAA==' } },
    '400 InvalidRequest',
  ],
  [
    'at its end, with a wrong checksum',
    { headers: { ...atEnd, 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' } },
    '400 BadDigest',
  ],
  [
    'at its end, with a wrong Content-MD5',
    { headers: { ...atEnd, 'content-md5': 'A'.repeat(22).concat('==') } },
    '400 BadDigest',
  ],
  ['at its end, if it is another', { headers: { ...atEnd, 'if-match': '"0"' } }, '412 PreconditionFailed'],
  [
    'at its end, with more than one request may have',
    { headers: atEnd, body: 'x'.repeat(1024 * 1024 + 1) },
    '400 EntityTooLarge',
  ],
  ['at its end, by one who may only read', { headers: atEnd, as: 'reader' }, '403 AccessDenied'],
  ['presigned, at an end that was not signed', { headers: atEnd, as: 'presigned' }, '403 AccessDenied'],
] as const

export const objects: readonly BadCase[] = [
  ...table('PutObject', 'PUT /bucket/object', body, [
    ...keys('PUT'),
    ...writeAt('PUT /absent-bucket/object'),
    ...writeConditions,
    ...checksums,
    ...lengths,
    [
      'when a condition asks for what is not there',
      ['PUT /bucket/absent', { headers: { 'if-match': '*' } }],
      '404 NoSuchKey',
    ],
    ['with half of a part upload', '?partNumber=1', '400 InvalidArgument'],
    ['with a sub-resource there is none of', '?policy', '400 InvalidArgument'],
    ...['0', '9', '11', '999999999999999'].map(
      (at) =>
        [
          `at offset ${at} of 10 bytes`,
          { headers: { 'x-amz-write-offset-bytes': at } },
          '400 InvalidWriteOffset',
        ] as const,
    ),
    ...['-1', '10.0', 'end', '0xA', '9'.repeat(16)].map(
      (at) => [`at offset ${at}`, { headers: { 'x-amz-write-offset-bytes': at } }, '400 InvalidArgument'] as const,
    ),
    [
      'at an offset where there is nothing',
      ['PUT /bucket/absent', { headers: { 'x-amz-write-offset-bytes': '7' } }],
      '400 InvalidWriteOffset',
    ],
    ...appends,
    [
      'with the second header not signed',
      { headers: { 'x-amz-meta-a': '1' }, signing: { unsigned: ['x-amz-meta-a'] } },
      '403 AccessDenied',
    ],
    [
      'presigned with an ACL that was not signed',
      { as: 'presigned', headers: { 'x-amz-acl': 'private' } },
      '403 AccessDenied',
    ],
    [
      'presigned with metadata that was not signed',
      { as: 'presigned', headers: { 'x-amz-meta-a': '1' } },
      '403 AccessDenied',
    ],
    [
      'presigned with a copy source that was not signed',
      { as: 'presigned', headers: { 'x-amz-copy-source': '/bucket/object' } },
      '403 AccessDenied',
    ],
    [
      'of another owner than expected',
      { headers: { 'x-amz-expected-bucket-owner': '999999999999' } },
      '403 AccessDenied',
    ],
  ]),
  ...table('CopyObject', 'PUT /bucket/copy', { headers: { 'x-amz-copy-source': '/bucket/object' } }, [
    ...keys('PUT').map(([title, line, answers]) => [`to a key ${title}`, line, answers] as const),
    ...writeAt('PUT /absent-bucket/copy'),
    ...[
      ['from nowhere', '', '400 InvalidArgument'],
      ['from a bucket alone', '/bucket', '400 InvalidArgument'],
      ['from a bucket with a slash', '/bucket/', '400 InvalidArgument'],
      ['from what does not decode', '/bucket/%zz', '400 InvalidArgument'],
      ['from a bucket that cannot be', '/Bad_Name/object', '400 InvalidArgument'],
      ['from a bucket that is not there', '/absent-bucket/object', '404 NoSuchBucket'],
      ['from a key that is not there', '/bucket/absent', '404 NoSuchKey'],
      ['from a key that is too long', `/bucket/${long}`, '400 KeyTooLongError'],
      ['from a key with NUL', '/bucket/a%00b', '400 InvalidArgument'],
      ['from a version that cannot be', '/versioned/object?versionId=no-version', '400 InvalidArgument'],
      ['from an empty version', '/versioned/object?versionId=', '400 InvalidArgument'],
      ['from a bucket of others', '/theirs/object', '403 AccessDenied'],
    ].map(
      ([title = '', source = '', answers = '']) =>
        [title, { headers: { 'x-amz-copy-source': source } }, answers] as const,
    ),
    ['onto itself, changing nothing', 'PUT /bucket/object', '400 InvalidRequest'],
    ['with a directive there is none of', { headers: { 'x-amz-metadata-directive': 'MERGE' } }, '400 InvalidArgument'],
    [
      'with a tagging directive there is none of',
      { headers: { 'x-amz-tagging-directive': 'MERGE' } },
      '400 InvalidArgument',
    ],
    [
      'with a checksum algorithm there is none of',
      { headers: { 'x-amz-checksum-algorithm': 'CRC16' } },
      '400 InvalidRequest',
    ],
    [
      'when the source has another ETag',
      { headers: { 'x-amz-copy-source-if-match': '"x"' } },
      '412 PreconditionFailed',
    ],
    ['when the source is unchanged', { headers: { 'x-amz-copy-source-if-none-match': '*' } }, '412 PreconditionFailed'],
    [
      'when the source was not modified since',
      {
        headers: {
          'x-amz-copy-source-if-modified-since': 'Fri, 24 Nov 2000 00:00:00 GMT',
          'x-amz-copy-source-if-unmodified-since': 'Fri, 24 Nov 2000 00:00:00 GMT',
        },
      },
      '412 PreconditionFailed',
    ],
    [
      'from a bucket of another owner than expected',
      { headers: { 'x-amz-source-expected-bucket-owner': '999999999999' } },
      '403 AccessDenied',
    ],
    [
      'when the target must not be there',
      ['PUT /bucket/other', { headers: { 'if-none-match': '*' } }],
      '412 PreconditionFailed',
    ],
  ]),
  ...table(
    'RenameObject',
    'PUT /bucket/renamed?renameObject',
    { headers: { 'x-amz-rename-source': '/bucket/object' } },
    [
      ...keys('PUT', '?renameObject').map(([title, line, answers]) => [`to a key ${title}`, line, answers] as const),
      ['from nowhere', { headers: { 'x-amz-rename-source': '' } }, '400 InvalidArgument'],
      ['without a source', { headers: [] }, '400 InvalidArgument'],
      ['from another bucket', { headers: { 'x-amz-rename-source': '/versioned/object' } }, '400 InvalidRequest'],
      ['from a key that is not there', { headers: { 'x-amz-rename-source': '/bucket/absent' } }, '404 NoSuchKey'],
      [
        'when the source has another ETag',
        { headers: { 'x-amz-rename-source-if-match': '"x"' } },
        '412 PreconditionFailed',
      ],
      [
        'when the target must not be there',
        ['PUT /bucket/other?renameObject', { headers: { 'if-none-match': '*' } }],
        '412 PreconditionFailed',
      ],
      ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
    ],
  ),
  ...table('GetObject', 'GET /bucket/object', {}, [
    ...keys('GET'),
    ...readConditions('412 PreconditionFailed'),
    ['that is not there', 'GET /bucket/absent', '404 NoSuchKey'],
    ['of a bucket that is not there', 'GET /absent-bucket/object', '404 NoSuchBucket'],
    ['in a version that cannot be', `?${noVersion.slice(1)}`, '400 InvalidArgument'],
    ['in a version that is not there', 'GET /versioned/object?versionId={version-of-other}', '404 NoSuchVersion'],
    ['in an empty version', '?versionId=', '400 InvalidArgument'],
    ['in a version of 5,000 characters', `?versionId=${'v'.repeat(5000)}`, '400 InvalidArgument'],
    ['in a version with NUL', '?versionId=a%00b', '400 InvalidArgument'],
    ['beyond its end', { headers: { range: 'bytes=10-' } }, '416 InvalidRange'],
    ['the last no bytes', { headers: { range: 'bytes=-0' } }, '416 InvalidRange'],
    ['part 0', '?partNumber=0', '400 InvalidArgument'],
    ['part 10,001', '?partNumber=10001', '400 InvalidArgument'],
    ['part of a word', '?partNumber=one', '400 InvalidArgument'],
    ['part 2 of one', '?partNumber=2', '416 InvalidPartNumber'],
    ['a range of a part', ['?partNumber=1', { headers: { range: 'bytes=0-1' } }], '400 InvalidRequest'],
    [
      'with a response header of two lines',
      '?response-content-disposition=a%0d%0aSet-Cookie:%20x',
      '400 InvalidArgument',
    ],
    ['with a response header holding NUL', '?response-content-type=a%00', '400 InvalidArgument'],
    ['with a response header holding a control character', '?response-cache-control=a%01b', '400 InvalidArgument'],
    [
      'with a response header, by a stranger',
      ['GET /bucket/public?response-content-type=text/html', { as: 'anonymous' }],
      '400 InvalidRequest',
    ],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
    ['by one who may not', { as: 'nobody' }, '403 AccessDenied'],
    ['with a sub-resource not served', '?torrent', '405 MethodNotAllowed'],
  ]),
  ...table('HeadObject', 'HEAD /bucket/object', {}, [
    ...withoutCode(keys('HEAD')),
    ...readConditions('412'),
    ['that is not there', 'HEAD /bucket/absent', '404'],
    ['in a version that cannot be', '?versionId=no-version', '400'],
    ['beyond its end', { headers: { range: 'bytes=10-' } }, '416'],
    ['part 2 of one', '?partNumber=2', '416'],
    ['by one who may not', { as: 'nobody' }, '403'],
    ['that is a delete marker, by its id', 'HEAD /versioned/deleted?versionId={marker}', '405'],
  ]),
  ...table('GetObjectAttributes', 'GET /bucket/object?attributes', { headers: { 'x-amz-object-attributes': 'ETag' } }, [
    ...keys('GET', '?attributes'),
    ['of nothing', { headers: { 'x-amz-object-attributes': '' } }, '400 InvalidRequest'],
    ['without its header', { headers: [] }, '400 InvalidRequest'],
    ['that are none', { headers: { 'x-amz-object-attributes': 'ETag,Colour' } }, '400 InvalidArgument'],
    ['of an object that is not there', 'GET /bucket/absent?attributes', '404 NoSuchKey'],
    ['of a version that cannot be', noVersion, '400 InvalidArgument'],
    [
      'with a page of words',
      { headers: { 'x-amz-max-parts': 'ten', 'x-amz-object-attributes': 'ObjectParts' } },
      '400 InvalidArgument',
    ],
    [
      'after a part that is no number',
      { headers: { 'x-amz-part-number-marker': '-1', 'x-amz-object-attributes': 'ObjectParts' } },
      '400 InvalidArgument',
    ],
    ['by one who may not', { as: 'nobody' }, '403 AccessDenied'],
  ]),
  ...table('DeleteObject', 'DELETE /bucket/object', {}, [
    ...keys('DELETE'),
    ['when its ETag is another', { headers: { 'if-match': '"x"' } }, '412 PreconditionFailed'],
    ['when its size is another', { headers: { 'x-amz-if-match-size': '11' } }, '412 PreconditionFailed'],
    ['when its size is no number', { headers: { 'x-amz-if-match-size': 'ten' } }, '400 InvalidArgument'],
    [
      'when its time is another',
      { headers: { 'x-amz-if-match-last-modified-time': 'Fri, 24 Nov 2000 00:00:00 GMT' } },
      '412 PreconditionFailed',
    ],
    ['when its time is none', { headers: { 'x-amz-if-match-last-modified-time': 'yesterday' } }, '400 InvalidArgument'],
    ['in a version that cannot be', '?versionId=no-version', '400 InvalidArgument'],
    ['in an empty version', '?versionId=', '400 InvalidArgument'],
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ]),
]
