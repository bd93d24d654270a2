/** Pages that are encrypted: a visitor of a website is anonymous and brings no key. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { customerKey } from '../s3/encryption/ask.ts'
import { servedBy, startSite, type TestSite } from './start-site.ts'

let site: TestSite
beforeAll(async () => {
  site = await startSite()
  await site.publish('site', servedBy('index.html'))
})
afterAll(() => site.close())

const put = (Key: string, how: Partial<aws.PutObjectCommandInput>) =>
  site.client.send(new aws.PutObjectCommand({ Bucket: 'site', Key, Body: '0123456789', ...how }))

it('a page with SSE-S3 is served, and in ranges', async () => {
  await put('index.html', { ServerSideEncryption: 'AES256' })
  expect(await site.visit('site')).toMatchObject({ status: 200, body: '0123456789' })
  const headers = { range: 'bytes=2-4' }
  expect(await site.visit('site', '/index.html', { headers })).toMatchObject({ status: 206, body: '234' })
})

it('a page with a KMS key or a key of its client is refused as S3 refuses it to strangers', async () => {
  await put('kms.html', { ServerSideEncryption: 'aws:kms' })
  await put('customer.html', customerKey('one').sdk)
  const ofKms = await site.visit('site', '/kms.html')
  expect([ofKms.status, ofKms.body.includes('require AWS Signature Version 4')]).toEqual([400, true])
  const ofCustomer = await site.visit('site', '/customer.html')
  expect([ofCustomer.status, ofCustomer.body.includes('stored using a form of Server Side Encryption')]).toEqual([
    400,
    true,
  ])
})
