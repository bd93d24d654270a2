/** Rate limits and expected bucket owners, in the whole API. */
import { CreateBucketCommand, HeadBucketCommand, ListBucketsCommand, type S3ServiceException } from '@aws-sdk/client-s3'
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

describe('a failed signature', () => {
  it.each([
    ['that proxies on the list tell', { TRUSTED_PROXIES: '127.0.0.1' }, '203.0.113.7'],
    ['of the proxy itself where nobody trusts it', {}, '127.0.0.1'],
  ])('is recorded with the address %s', async (_whose, settings, address) => {
    const app = await startApp({ settings })
    try {
      const keys = { ...rootKeys, secretAccessKey: 'wrong' }
      const s3 = app.s3(keys)
      s3.middlewareStack.add(
        (next) => (args) => {
          Object.assign((args.request as { headers: object }).headers, { 'x-forwarded-for': '203.0.113.7' })
          return next(args)
        },
        { step: 'build' },
      )
      const failure = await s3.send(new ListBucketsCommand({})).catch((error: S3ServiceException) => error)
      const id = (failure as S3ServiceException).$response?.headers['x-myfsio-decision-id'] ?? ''
      const secret = { 'x-access-key': rootKeys.accessKeyId, 'x-secret-key': rootKeys.secretAccessKey }
      const shown = await fetch(`${app.endpoint}/_/decisions/${id}`, { headers: secret })
      expect(await shown.json()).toMatchObject({ code: 'SignatureDoesNotMatch', sourceAddress: address })
    } finally {
      await app.close()
    }
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
