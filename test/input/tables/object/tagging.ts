/** Tags of buckets and of objects. */
import { type BadCase, table } from '../../case.ts'

const tag = (key: string, value = '1') => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
const tags = (...set: string[]) => ({ body: `<Tagging><TagSet>${set.join('')}</TagSet></Tagging>` })
const numbered = (count: number) => tags(...Array.from({ length: count }, (_, index) => tag(`tag${index}`)))

const badTags = [
  ['that is empty', { body: '' }, '400 MissingRequestBodyError'],
  ['that is no XML', { body: 'a=1' }, '400 MalformedXML'],
  ['that is cut short', { body: '<Tagging><TagSet>' }, '400 MalformedXML'],
  ['of another document', { body: '<Tags><TagSet/></Tags>' }, '400 MalformedXML'],
  ['with something else than a set', { body: '<Tagging><Tags/></Tagging>' }, '400 MalformedXML'],
  ['with text for a set', { body: '<Tagging>a=1</Tagging>' }, '400 MalformedXML'],
  ['with two sets', { body: '<Tagging><TagSet/><TagSet/></Tagging>' }, '400 MalformedXML'],
  [
    'that declares an entity',
    { body: '<!DOCTYPE a [<!ENTITY b "c">]><Tagging><TagSet/></Tagging>' },
    '400 MalformedXML',
  ],
  ['with a set of text', tags('a=1'), '400 MalformedXML'],
  ['with a tag of text', tags('<Tag>a</Tag>'), '400 MalformedXML'],
  ['with a tag without a key', tags('<Tag><Value>1</Value></Tag>'), '400 MalformedXML'],
  ['with a tag without a value', tags('<Tag><Key>a</Key></Tag>'), '400 MalformedXML'],
  ['with a tag of two keys', tags('<Tag><Key>a</Key><Key>b</Key><Value>1</Value></Tag>'), '400 MalformedXML'],
  ['with a tag that says more', tags('<Tag><Key>a</Key><Value>1</Value><Scope>x</Scope></Tag>'), '400 MalformedXML'],
  ['with an empty key', tags(tag('')), '400 InvalidTag'],
  ['with a key of 129 characters', tags(tag('k'.repeat(129))), '400 InvalidTag'],
  ['with a key of 65 characters that are two each', tags(tag('𐐀'.repeat(65))), '400 InvalidTag'],
  ['with a value of 257 characters', tags(tag('a', 'v'.repeat(257))), '400 InvalidTag'],
  ['with an exclamation mark in a key', tags(tag('a!')), '400 InvalidTag'],
  ['with a line break in a key', tags(tag('a&#10;b')), '400 InvalidTag'],
  ['with markup in a value', tags(tag('a', '&lt;img onerror=x&gt;')), '400 InvalidTag'],
  ["with a key of AWS's own", tags(tag('aws:a')), '400 InvalidTag'],
  ["with a key of AWS's own in capitals", tags(tag('AWS:a')), '400 InvalidTag'],
  ['with a key named twice', tags(tag('a'), tag('a', '2')), '400 InvalidTag'],
  ['with a digest that is none', { ...tags(), headers: { 'content-md5': 'AAAA' } }, '400 InvalidDigest'],
  ['of another digest', { ...tags(), headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } }, '400 BadDigest'],
] as const

const ofBucket = (verb: string) =>
  [
    ['of a bucket that is not there', `${verb} /absent-bucket?tagging`, '404 NoSuchBucket'],
    ['of a bucket of others', `${verb} /theirs?tagging`, '403 AccessDenied'],
    ['by one who may only read objects', { as: 'reader' }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ] as const

const ofObject = (verb: string) =>
  [
    ['of a key that is not there', `${verb} /bucket/absent?tagging`, '404 NoSuchKey'],
    ['of a key that is not there, by one who may not know', { as: 'nobody' }, '403 AccessDenied'],
    ['of a bucket that is not there', `${verb} /absent-bucket/object?tagging`, '404 NoSuchBucket'],
    ['of an object of others', `${verb} /theirs/object?tagging`, '403 AccessDenied'],
    ['of a version that cannot be', `${verb} /versioned/object?tagging&versionId=x`, '400 InvalidArgument'],
    [
      'of a version that is not there',
      `${verb} /versioned/object?tagging&versionId=${'0'.repeat(32)}`,
      '404 NoSuchVersion',
    ],
    ['of a delete marker', `${verb} /versioned/deleted?tagging&versionId={marker}`, '405 MethodNotAllowed'],
    ['of what was deleted', `${verb} /versioned/deleted?tagging`, '405 MethodNotAllowed'],
    ['with a second sub-resource', '&versions', '400 InvalidArgument'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ] as const

export const tagging: readonly BadCase[] = [
  ...table('GetBucketTagging', 'GET /bucket?tagging', {}, [
    ...ofBucket('GET'),
    ['that there are none of', 'GET /empty?tagging', '404 NoSuchTagSet'],
  ]),
  ...table('PutBucketTagging', 'PUT /bucket?tagging', tags(tag('a')), [
    ...ofBucket('PUT'),
    ...badTags,
    ['with 51 tags', numbered(51), '400 BadRequest'],
    ['that is bad, by one who may not know', { body: 'bad', as: 'reader' }, '403 AccessDenied'],
  ]),
  ...table('DeleteBucketTagging', 'DELETE /bucket?tagging', {}, ofBucket('DELETE')),
  ...table('GetObjectTagging', 'GET /bucket/object?tagging', {}, ofObject('GET')),
  ...table('PutObjectTagging', 'PUT /bucket/object?tagging', tags(tag('a')), [
    ...ofObject('PUT'),
    ...badTags,
    ['with eleven tags', numbered(11), '400 BadRequest'],
    ['that is bad, by one who may not know', { body: 'bad', as: 'reader' }, '403 AccessDenied'],
  ]),
  ...table('DeleteObjectTagging', 'DELETE /bucket/object?tagging', {}, [
    ...ofObject('DELETE'),
    ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
  ]),
]
