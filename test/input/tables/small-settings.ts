/** The website of a bucket, and settings that hold one value. */
import { hash } from 'node:crypto'
import { type BadCase, type Given, table } from '../case.ts'
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

export const smallSettings: readonly BadCase[] = [
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
