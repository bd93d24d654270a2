/** `POST /presign` authorizes the link, without the headers of its own request. */
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../access/start-api.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi([{ access_key: 'admin', policies: [{ bucket: '*', actions: ['*'] }] }])
  await api.client('admin').send(new CreateBucketCommand({ Bucket: 'photos' }))
  await api.client('admin').send(new PutObjectCommand({ Bucket: 'photos', Key: 'secret/plan', Body: 'x' }))
})
afterAll(() => api.close())

const deny = (Action: string, Condition: object) => {
  const Resource = ['arn:aws:s3:::photos', 'arn:aws:s3:::photos/*']
  const Statement = [{ Effect: 'Deny', Principal: '*', Action, Resource, Condition }]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  return api.client('admin').send(new PutBucketPolicyCommand({ Bucket: 'photos', Policy }))
}
const presign = async (method: string, key: string, headers: Record<string, string> = {}) => {
  const keys = { 'x-access-key': 'admin', 'x-secret-key': 'admin-secret' }
  const body = JSON.stringify({ method })
  return (
    await fetch(`${api.endpoint}/presign/photos/${key}`, { method: 'POST', headers: { ...keys, ...headers }, body })
  ).status
}

it.each([
  ['s3:RequestObjectTag/project', 'x', { 'x-amz-tagging': 'project=x' }],
  ['s3:x-amz-acl', 'private', { 'x-amz-acl': 'private' }],
  ['s3:x-amz-copy-source', 'photos/a', { 'x-amz-copy-source': 'photos/a' }],
  ['s3:x-amz-server-side-encryption', 'AES256', { 'x-amz-server-side-encryption': 'AES256' }],
  ['s3:if-none-match', '*', { 'if-none-match': '*' }],
] as const)('a link that puts no %s is not made because the request for it names one', async (key, value, headers) => {
  await deny('s3:PutObject', { StringNotEquals: { [key]: value } })
  expect(await presign('PUT', 'new', headers)).toBe(403)
})

it('a link is made as it will be used: by its signature in the query', async () => {
  await deny('s3:GetObject', { StringEquals: { 's3:authType': 'REST-QUERY-STRING' } })
  expect(await presign('GET', 'secret/plan')).toBe(403)
  await deny('s3:GetObject', { StringEquals: { 's3:authType': 'REST-HEADER' } })
  expect(await presign('GET', 'secret/plan')).toBe(200)
})

it('a missing key looks forbidden to those who may not list it', async () => {
  await deny('s3:ListBucket', { StringLike: { 's3:prefix': 'secret/*' } })
  expect([await presign('GET', 'secret/absent'), await presign('GET', 'absent')]).toEqual([403, 404])
})
