/** Whose share of requests is used up, and whose bucket is expected, in the whole API. */
import { CreateBucketCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { accountId, rootKeys, startApp } from '../iam/start-app.ts'

describe('the rate limit', () => {
  const statusesFor = async (settings: Record<string, string>, addresses: readonly string[]) => {
    const app = await startApp({ settings: { RATE_LIMIT_DEFAULT: '2 per hour', ...settings } })
    try {
      const statuses: number[] = []
      for (const address of addresses) {
        statuses.push((await fetch(`${app.endpoint}/bucket/key`, { headers: { 'x-forwarded-for': address } })).status)
      }
      return statuses
    } finally {
      await app.close()
    }
  }
  const addresses = ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2']

  it('is for each client behind a trusted proxy', async () => {
    expect(await statusesFor({ TRUSTED_PROXIES: '127.0.0.1' }, addresses)).toEqual([404, 404, 503, 404])
  })

  it('is for the proxy itself where nobody trusts it', async () => {
    expect(await statusesFor({}, addresses)).toEqual([404, 404, 503, 503])
  })
})

describe('the expected owner of a bucket', () => {
  it('is the number of its account, whatever the canonical id', async () => {
    const keys = [{ id: rootKeys.accessKeyId, secret: rootKeys.secretAccessKey }]
    const document = { version: 2, accounts: [{ id: accountId, canonicalId: 'c'.repeat(64), keys }] }
    const app = await startApp({ document })
    try {
      const s3 = app.s3()
      await s3.send(new CreateBucketCommand({ Bucket: 'mine' }))
      await s3.send(new HeadBucketCommand({ Bucket: 'mine', ExpectedBucketOwner: accountId }))
      const other = new HeadBucketCommand({ Bucket: 'mine', ExpectedBucketOwner: '999999999999' })
      await expect(s3.send(other)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
    } finally {
      await app.close()
    }
  })
})
