/** CORS by the server's settings, beside the rules of buckets. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../../iam/start-app.ts'

const [listed, ruled] = ['https://listed.example', 'https://ruled.example']
const requests = 30
let app: TestApp
let s3: aws.S3Client

beforeAll(async () => {
  app = await startApp({ settings: { CORS_ORIGINS: listed, RATE_LIMIT_DEFAULT: `${requests} per 1 hour` } })
  s3 = app.s3()
  for (const Bucket of ['plain', 'ruled']) await s3.send(new aws.CreateBucketCommand({ Bucket }))
  const CORSRules = [{ AllowedOrigins: [ruled], AllowedMethods: ['GET', 'PUT'] }]
  await s3.send(new aws.PutBucketCorsCommand({ Bucket: 'ruled', CORSConfiguration: { CORSRules } }))
})
afterAll(() => app.close())

const allowed = (answer: Response) => answer.headers.get('access-control-allow-origin')
const get = (path: string, origin: string, method = 'GET') =>
  fetch(`${app.endpoint}${path}`, { method, headers: { origin } })
const preflight = (path: string, origin: string) =>
  fetch(`${app.endpoint}${path}`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })

describe('the settings of the server', () => {
  it('hold for the list of buckets, and for buckets that have no rules or are not there', async () => {
    for (const path of ['/', '/plain', '/plain/key', '/absent/key']) {
      const asked = await preflight(path, listed)
      expect([path, asked.status, allowed(asked)]).toEqual([path, 200, listed])
      expect([path, allowed(await get(path, listed))]).toEqual([path, listed])
      expect([path, (await preflight(path, ruled)).status, allowed(await get(path, ruled))]).toEqual([path, 403, null])
    }
  })

  it('expose the ETag and what else an upload in parts needs', async () => {
    expect((await get('/plain/key', listed)).headers.get('access-control-expose-headers')).toMatch(/\bETag\b/)
  })

  it('do not hold for a bucket with rules, also when it is to be created again', async () => {
    for (const path of ['/ruled', '/ruled/key']) {
      const refused = await preflight(path, listed)
      expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('AccessForbidden')])
      expect(allowed(await get(path, listed))).toBeNull()
      expect([(await preflight(path, ruled)).status, allowed(await get(path, ruled))]).toEqual([200, ruled])
    }
    expect(allowed(await get('/ruled', ruled, 'PUT'))).toBe(ruled)
    expect(allowed(await get('/ruled', listed, 'PUT'))).toBeNull()
  })
})

describe('the rate limit', () => {
  it('counts no preflights, and its refusals can be read by pages that are allowed', async () => {
    for (let times = 0; times < requests; times++) expect((await preflight('/ruled/key', ruled)).status).toBe(200)
    let answer = await get('/ruled/key', ruled)
    for (let times = 0; times < requests && answer.status !== 503; times++) answer = await get('/ruled/key', ruled)
    expect([answer.status, allowed(answer)]).toEqual([503, ruled])
    expect((await preflight('/ruled/key', ruled)).status).toBe(200)
  })
})
