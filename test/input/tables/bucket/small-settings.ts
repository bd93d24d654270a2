/** The website of a bucket, and settings that hold one value. */
import { hash } from 'node:crypto'
import { type BadCase, type Given, table } from '../../case.ts'
import { absent } from './policies-and-deletes.ts'

const acceleration = (status: string): Given => ({
  body: `<AccelerateConfiguration>${status}</AccelerateConfiguration>`,
})

const website = (content: string): Given => {
  const body = `<WebsiteConfiguration>${content}</WebsiteConfiguration>`
  return { body, headers: { 'content-md5': hash('md5', body, 'base64') } }
}

const payment = (payer: string): Given => {
  const body = `<RequestPaymentConfiguration>${payer}</RequestPaymentConfiguration>`
  return { body, headers: { 'content-md5': hash('md5', body, 'base64') } }
}

const abac = (status: string): Given => ({ body: `<AbacStatus>${status}</AbacStatus>` })
const ofAccount = { 'x-amz-account-id': '000000000000' }
const tagResource = '<TagResourceRequest><Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags></TagResourceRequest>'

export const smallSettings: readonly BadCase[] = [
  ...table('CreateSession', 'GET /bucket?session', {}, [
    ['of a bucket that is no directory', {}, '405 MethodNotAllowed'],
    ['of a bucket that is not there', 'GET /absent-bucket?session', '404 NoSuchBucket'],
  ]),
  ...table('ListDirectoryBuckets', 'GET /?x-id=ListDirectoryBuckets', {}, [
    ['where there are none', {}, '405 MethodNotAllowed'],
  ]),
  ...table('GetObjectTorrent', 'GET /bucket/object?torrent', {}, [
    ['of an object', {}, '405 MethodNotAllowed'],
    ['of a bucket that is not there', 'GET /absent-bucket/object?torrent', '404 NoSuchBucket'],
  ]),
  ...table('PutBucketAbac', 'PUT /bucket?abac', abac('<Status>Enabled</Status>'), [
    ...absent('PUT', 'abac'),
    ['of no status', abac(''), '400 MalformedXML'],
    ['of a status there is none of', abac('<Status>enabled</Status>'), '400 MalformedXML'],
  ]),
  ...(['ListTagsForResource GET', 'TagResource POST', 'UntagResource DELETE'] as const).flatMap((row) => {
    const [operation = '', method = ''] = row.split(' ')
    const line = (bucket: string) => `${method} /v20180820/tags/arn:aws:s3:::${bucket}?tagKeys=a`
    const common = { headers: ofAccount, ...(method === 'POST' && { body: tagResource }) }
    return table(operation, line('bucket'), common, [
      ['of a bucket that is not there', line('absent-bucket'), '404 NoSuchResource'],
      ['of a bucket of others', line('theirs'), '403 AccessDenied'],
      ['by one who may only read', { as: 'reader' }, '403 AccessDenied'],
      ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
    ])
  }),
  ...table('PutBucketAccelerateConfiguration', 'PUT /bucket?accelerate', acceleration('<Status>Enabled</Status>'), [
    ...absent('PUT', 'accelerate'),
    ['that is no XML', { body: '{' }, '400 MalformedXML'],
    ['of no status', acceleration(''), '400 MalformedXML'],
    ['of a status there is none of', acceleration('<Status>enabled</Status>'), '400 MalformedXML'],
    ['with an element there is none of', acceleration('<Status>Enabled</Status><Fast/>'), '400 MalformedXML'],
    ['without a document', { body: '' }, '400 MissingRequestBodyError'],
  ]),
  ...table('PutBucketRequestPayment', 'PUT /bucket?requestPayment', payment('<Payer>Requester</Payer>'), [
    ...absent('PUT', 'requestPayment'),
    ['of no payer', payment(''), '400 MalformedXML'],
    ['of a payer there is none of', payment('<Payer>requester</Payer>'), '400 MalformedXML'],
    ['with another checksum', { body: '<RequestPaymentConfiguration/>' }, '400 BadDigest'],
  ]),
  ...table('PutBucketWebsite', 'PUT /bucket?website', website('<IndexDocument><Suffix>i</Suffix></IndexDocument>'), [
    ...absent('PUT', 'website'),
    ['of nothing', website(''), '400 InvalidArgument'],
    ['of a folder as index', website('<IndexDocument><Suffix>a/</Suffix></IndexDocument>'), '400 InvalidArgument'],
    ['of no host to redirect to', website('<RedirectAllRequestsTo/>'), '400 MalformedXML'],
    ['with another checksum', { body: '<WebsiteConfiguration/>' }, '400 BadDigest'],
    ['without a checksum', { headers: { 'content-md5': '' } }, '400 InvalidDigest'],
  ]),
]
