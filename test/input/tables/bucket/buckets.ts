/** Service and buckets: names, regions, headers, pages. */
import { type BadCase, table } from '../../case.ts'

const badNames = [
  'ab',
  'a'.repeat(64),
  'Upper',
  'under_score',
  '-start',
  'end-',
  '.start',
  'end.',
  'two..dots',
  'dot.-dash',
  'dash-.dot',
  '192.168.0.1',
  'xn--name',
  'sthree-name',
  'name-s3alias',
  'name--ol-s3',
  'name.mrap',
  'name--x-s3',
  '.myfsio.sys',
  '..',
  '%2e%2e',
  'a%00b',
  'a%2Fb',
  'a%5Cb',
  'b%C3%BCcket',
  'spa%20ce',
  '_',
]

const location = (region: string) => ({
  body: `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`,
})

const tags = (set: string) => ({
  body: `<CreateBucketConfiguration><Tags>${set}</Tags></CreateBucketConfiguration>`,
})

export const buckets: readonly BadCase[] = [
  ...table('CreateBucket', 'PUT /fresh', {}, [
    ...badNames.map((name) => [`called ${name.slice(0, 30)}`, `PUT /${name}`, '400 InvalidBucketName'] as const),
    ['called what is no UTF-8', 'PUT /%ff%fe', '400 InvalidURI'],
    ['that another account owns', 'PUT /theirs', '409 BucketAlreadyExists'],
    ['in the region that needs no name', location('us-east-1'), '400 InvalidLocationConstraint'],
    ['in a region of no name', location('nowhere'), '400 InvalidLocationConstraint'],
    ['in a region that would be a path', location('../..'), '400 InvalidLocationConstraint'],
    ['with a tag without a value', tags('<Tag><Key>a</Key></Tag>'), '400 MalformedXML'],
    ['with tags that are no elements', tags('a=1'), '400 MalformedXML'],
    ["with a tag of AWS's own", tags('<Tag><Key>aws:a</Key><Value>1</Value></Tag>'), '400 InvalidTag'],
    ['with a tag named twice', tags('<Tag><Key>a</Key><Value>1</Value></Tag>'.repeat(2)), '400 InvalidTag'],
    [
      'with tags, though it is there already',
      ['PUT /bucket', tags('<Tag><Key>a</Key><Value>1</Value></Tag>')],
      '409 BucketAlreadyOwnedByYou',
    ],
    [
      'with a lock neither on nor off',
      { headers: { 'x-amz-bucket-object-lock-enabled': 'maybe' } },
      '400 InvalidArgument',
    ],
    ['by one who may not', { as: 'reader' }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ]),
  ...table('ListBuckets', 'GET /', {}, [
    ['none at a time', '?max-buckets=0', '400 InvalidArgument'],
    ['too many at a time', '?max-buckets=10001', '400 InvalidArgument'],
    ['a page of words', '?max-buckets=ten', '400 InvalidArgument'],
    ['a negative page', '?max-buckets=-1', '400 InvalidArgument'],
    ['after a token of no list', '?continuation-token=!!', '400 InvalidArgument'],
    ['after a token of another list', '?continuation-token=AAAA', '400 InvalidArgument'],
    ['as one whose key is unknown', { signing: { accessKeyId: 'unknown' } }, '403 InvalidAccessKeyId'],
    ['with a method there is none of', 'PATCH /', '405 MethodNotAllowed'],
    ['deleting the service', 'DELETE /', '405 MethodNotAllowed'],
    ['by one without permission', { as: 'nobody' }, '403 AccessDenied'],
  ]),
  ...table('HeadBucket', 'HEAD /bucket', {}, [
    ['that is not there', 'HEAD /absent-bucket', '404'],
    ['with a name that cannot be', 'HEAD /Bad_Name', '400'],
    ['of another owner than expected', { headers: { 'x-amz-expected-bucket-owner': '999999999999' } }, '403'],
    ['by one who may not', { as: 'nobody' }, '403'],
  ]),
  ...table('DeleteBucket', 'DELETE /bucket', {}, [
    ['that is not empty', {}, '409 BucketNotEmpty'],
    ['that has versions only', 'DELETE /versioned', '409 BucketNotEmpty'],
    ['that is not there', 'DELETE /absent-bucket', '404 NoSuchBucket'],
    ['with a name that cannot be', 'DELETE /Bad_Name', '400 InvalidBucketName'],
    ['through a sub-resource that is none', 'DELETE /bucket?location', '405 MethodNotAllowed'],
    ['through one that has parts', 'DELETE /empty?inventory', '400 InvalidArgument'],
    ['through one of objects', 'DELETE /empty?legal-hold', '400 InvalidArgument'],
    ['that another account owns', 'DELETE /theirs', '403 AccessDenied'],
    ['by one who may not', { as: 'reader' }, '403 AccessDenied'],
  ]),
  ...table('GetBucketLocation', 'GET /bucket?location', {}, [
    ['of a bucket that is not there', 'GET /absent-bucket?location', '404 NoSuchBucket'],
    ['of a bucket with no possible name', 'GET /Bad_Name?location', '400 InvalidBucketName'],
    ['with a second sub-resource', '&acl', '400 InvalidArgument'],
    ['of an object', 'GET /bucket/object?location', '400 InvalidArgument'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
    [
      'of another owner than expected',
      { headers: { 'x-amz-expected-bucket-owner': '999999999999' } },
      '403 AccessDenied',
    ],
    [
      'of an owner who is no account',
      { headers: { 'x-amz-expected-bucket-owner': 'me' } },
      '400 InvalidBucketOwnerAWSAccountID',
    ],
  ]),
  ...table('GetBucketVersioning', 'GET /bucket?versioning', {}, [
    ['of a bucket that is not there', 'GET /absent-bucket?versioning', '404 NoSuchBucket'],
    ['of an object', 'GET /bucket/object?versioning', '400 InvalidArgument'],
    ['with POST', 'POST /bucket?versioning', '405 MethodNotAllowed'],
    ['by one who may not', { as: 'reader' }, '403 AccessDenied'],
  ]),
]
