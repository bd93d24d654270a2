/** DEFAULT_PUBLIC_ACCESS_BLOCK: whether new buckets have Block Public Access, in every way to create one. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'

let api: TestApi | undefined
const roots: string[] = []
afterEach(async () => {
  await api?.close()
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

async function start(env: Record<string, string>): Promise<TestApi> {
  api = await startTestApi({ MYFSIO_BUCKETS: 'named', ...env })
  return api
}

const whole = /<BlockPublicAcls>true<.*<IgnorePublicAcls>true<.*<BlockPublicPolicy>true<.*<RestrictPublicBuckets>true</
const policyOf = (bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` }],
  })

describe('switched on', () => {
  it('blocks a bucket that is created, named in a setting, or found as a folder', async () => {
    const root = mkdtempSync(join(tmpdir(), 'block-'))
    roots.push(root)
    mkdirSync(join(root, 'found'))
    const server = await start({ DEFAULT_PUBLIC_ACCESS_BLOCK: 'on', STORAGE_ROOT: root })
    expect((await server.ask({ line: 'PUT /made' })).status).toBe(200)
    await expect.poll(async () => (await server.ask({ line: 'HEAD /found' })).status).toBe(200)
    for (const bucket of ['made', 'named', 'found']) {
      expect((await server.ask({ line: `GET /${bucket}?publicAccessBlock` })).body).toMatch(whole)
      const put = await server.ask({ line: `PUT /${bucket}?policy`, body: policyOf(bucket) })
      expect([bucket, put.code]).toEqual([bucket, 'AccessDenied'])
    }
    // Who removes it has a bucket as before.
    expect((await server.ask({ line: 'DELETE /made?publicAccessBlock' })).status).toBe(204)
    expect((await server.ask({ line: 'PUT /made?policy', body: policyOf('made') })).status).toBe(204)
  })

  it('makes no bucket with a public ACL', async () => {
    const server = await start({ DEFAULT_PUBLIC_ACCESS_BLOCK: 'on', DEFAULT_OBJECT_OWNERSHIP: 'ObjectWriter' })
    const create = (acl: string) => server.ask({ line: `PUT /acl-${acl}`, headers: { 'x-amz-acl': acl } })
    const refused = await create('public-read')
    expect([refused.status, refused.code]).toEqual([400, 'InvalidBucketAclWithBlockPublicAccessError'])
    expect((await server.ask({ line: 'HEAD /acl-public-read' })).status).toBe(404)
    expect((await create('private')).status).toBe(200)
  })
})

it('switched off, as it is unless said otherwise, no new bucket has a block', async () => {
  const server = await start({})
  expect((await server.ask({ line: 'PUT /made' })).status).toBe(200)
  for (const bucket of ['made', 'named']) {
    const asked = await server.ask({ line: `GET /${bucket}?publicAccessBlock` })
    expect(asked.code).toBe('NoSuchPublicAccessBlockConfiguration')
  }
  expect((await server.ask({ line: 'PUT /made?policy', body: policyOf('made') })).status).toBe(204)
})
