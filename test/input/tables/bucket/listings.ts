/** Listings: pages, markers, encodings. */
import { type BadCase, table } from '../../case.ts'

const page = [
  ['with a page of words', '?max-keys=ten', '400 InvalidArgument'],
  ['with a negative page', '?max-keys=-1', '400 InvalidArgument'],
  ['with a page no integer holds', '?max-keys=2147483648', '400 InvalidArgument'],
  ['with a fraction of a page', '?max-keys=1.5', '400 InvalidArgument'],
  ['in an encoding that is none', '?encoding-type=base64', '400 InvalidArgument'],
  ['with a prefix that does not decode', '?prefix=%zz', '400 InvalidURI'],
  ['with a prefix that is no UTF-8', '?prefix=%ff', '400 InvalidURI'],
  ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ['by one who may not', { as: 'nobody' }, '403 AccessDenied'],
] as const

export const listings: readonly BadCase[] = [
  ...table('ListObjects', 'GET /bucket', {}, [
    ...page,
    ['of a bucket that is not there', 'GET /absent-bucket', '404 NoSuchBucket'],
    ['with a sub-resource of objects', '?uploadId=x', '400 InvalidArgument'],
    ['of a type there is none of', '?list-type=3', '400 InvalidArgument'],
  ]),
  ...table('ListObjectsV2', 'GET /bucket?list-type=2', {}, [
    ...page,
    ['of a bucket that is not there', 'GET /absent-bucket?list-type=2', '404 NoSuchBucket'],
    ['after a token that is none', '&continuation-token=no*token', '400 InvalidArgument'],
    ['after a token that is empty', '&continuation-token=', '400 InvalidArgument'],
    ['after a token of another server', '&continuation-token=AAAA', '400 InvalidArgument'],
  ]),
  ...table('ListObjectVersions', 'GET /bucket?versions', {}, [
    ...page,
    ['of a bucket that is not there', 'GET /absent-bucket?versions', '404 NoSuchBucket'],
    ['after a version of no key', '&version-id-marker=null', '400 InvalidArgument'],
    ['after a version id that is none', '&key-marker=object&version-id-marker=no-version', '400 InvalidArgument'],
    ['of an object', 'GET /bucket/object?versions', '400 InvalidArgument'],
  ]),
  ...table('ListMultipartUploads', 'GET /bucket?uploads', {}, [
    ['with a page of words', '&max-uploads=ten', '400 InvalidArgument'],
    ['with a negative page', '&max-uploads=-1', '400 InvalidArgument'],
    ['in an encoding that is none', '&encoding-type=base64', '400 InvalidArgument'],
    ['after an upload of another key', '&key-marker=object&upload-id-marker={upload}', '400 InvalidArgument'],
    ['after an upload id that is none', '&key-marker=upload&upload-id-marker=%00', '400 InvalidArgument'],
    ['of a bucket that is not there', 'GET /absent-bucket?uploads', '404 NoSuchBucket'],
    ['of an object', 'GET /bucket/object?uploads', '405 MethodNotAllowed'],
    ['by one who may not', { as: 'nobody' }, '403 AccessDenied'],
  ]),
]

const long = 'k'.repeat(6000)

/** Odd, but correct: each is answered 200, and returns nothing outside its bucket. */
export const oddButRight: readonly string[] = [
  'GET /bucket?prefix=%00',
  'GET /bucket?prefix=a%00b&delimiter=%00',
  'GET /bucket?marker=%00',
  'GET /bucket?marker=object%00',
  `GET /bucket?marker=${long}`,
  `GET /bucket?prefix=${long}`,
  `GET /bucket?list-type=2&start-after=${long}`,
  `GET /bucket?list-type=2&delimiter=${long}`,
  'GET /bucket?list-type=2&start-after=%F0%9F%98%80%00',
  'GET /bucket?prefix=one&prefix=two',
  'GET /bucket?max-keys=1&max-keys=x',
  'GET /bucket?max-keys=',
  'GET /bucket?max-keys=0',
  'GET /bucket?list-type=1',
  `GET /bucket?versions&key-marker=${long}`,
  'GET /bucket?versions&key-marker=%00&version-id-marker=null',
  `GET /bucket?uploads&key-marker=${long}&upload-id-marker=`,
  'GET /bucket?uploads&key-marker=%00',
  `GET /bucket?uploads&upload-id-marker=${long}`,
  'GET /?prefix=%00',
  `GET /?prefix=${long}`,
]
