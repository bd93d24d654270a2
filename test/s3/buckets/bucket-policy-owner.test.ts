/** Only the owner's account may access a bucket's policy, whatever the policy allows to others. */
import {
  CreateBucketCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, startTestApi, type TestApi } from '../../input/api.ts'
import { startServer } from '../start-server.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
  await api.ask({ line: 'PUT /bucket' })
})
afterAll(() => api.close())

const policyOf = (Effect: string, Principal: unknown, Action: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect, Principal, Action, Resource: 'arn:aws:s3:::bucket' }] })
const open = policyOf('Allow', '*', 's3:*')
const put = (body: string): Asked => ({ line: 'PUT /bucket?policy', body })
const stored = async () => (await api.ask({ line: 'GET /bucket?policy' })).body
const requests = (where: string): readonly Asked[] => [
  { line: `GET ${where}` },
  { line: `PUT ${where}`, body: policyOf('Allow', '*', 's3:GetObject') },
  { line: `DELETE ${where}` },
]
const short = ({ status, code }: { status: number; code: string }) => `${status} ${code}`

beforeEach(async () => {
  expect((await api.ask(put(open))).status).toBe(204)
})

describe.each(['anonymous', 'other'] as const)('%s', (as) => {
  it.each(requests('/bucket?policy'))(
    'is told that $line is not allowed, though the policy allows it',
    async (asked) => {
      const answer = await api.ask({ ...asked, as })
      expect(short(answer)).toBe('405 MethodNotAllowed')
      expect(answer.body).toContain(
        `<Method>${asked.line.split(' ')[0]}</Method><ResourceType>BUCKETPOLICY</ResourceType>`,
      )
      expect(await stored()).toBe(open)
    },
  )

  it('is told the same where one of the actions is allowed, and of the others that they are denied', async () => {
    const one = policyOf('Allow', '*', 's3:PutBucketPolicy')
    await api.ask(put(one))
    const codes = []
    for (const asked of requests('/bucket?policy')) codes.push((await api.ask({ ...asked, as })).status)
    expect(codes).toEqual([403, 405, 403])
    expect(await stored()).toBe(one)
  })

  it('does what else the policy allows', async () => {
    expect((await api.ask({ line: 'GET /bucket?policyStatus', as })).status).toBe(200)
    expect((await api.ask({ line: 'GET /bucket?versioning', as })).status).toBe(200)
  })
})

it("the server's own paths are closed to other accounts as well", async () => {
  for (const asked of requests('/bucket-policy/bucket')) {
    expect(short(await api.ask({ ...asked, as: 'other' }))).toBe('405 MethodNotAllowed')
  }
  expect(await stored()).toBe(open)
})

it('who is of the account is allowed by the policy alone', async () => {
  expect((await api.ask({ line: 'GET /bucket?policy', as: 'nobody' })).body).toBe(open)
  expect((await api.ask({ line: 'DELETE /bucket?policy', as: 'nobody' })).status).toBe(204)
})

it('it is so too where denials are only logged', async () => {
  const server = await startServer({ engine: 'memory', enforce: 'log' })
  const Bucket = 'bucket'
  await server.client().send(new CreateBucketCommand({ Bucket }))
  const other = server.client('other')
  await expect(other.send(new PutBucketPolicyCommand({ Bucket, Policy: open }))).rejects.toMatchObject({
    name: 'MethodNotAllowed',
  })
  await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy: open }))
  await expect(other.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({ name: 'MethodNotAllowed' })
  expect((await other.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic).toBe(true)
  await server.close()
})
