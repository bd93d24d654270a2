/** Known mistakes of other servers in authorization, each with its advisory. */
import { createHash } from 'node:crypto'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { identityPolicy, isAllowed } from '../policy/ask.ts'
import { startServer, type TestServer } from '../s3/start-server.ts'

const Bucket = 'advisories'

describe('authorization', () => {
  let server: TestServer
  let VersionId: string | undefined
  const put = async (...Statement: object[]) => {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
  }
  const allow = (Action: string, path: string) => ({
    Effect: 'Allow',
    Principal: '*',
    Action,
    Resource: `arn:aws:s3:::${Bucket}/${path}`,
  })
  const outcome = (promise: Promise<unknown>) =>
    promise.then(
      () => 'done',
      (error: Error) => error.name,
    )

  beforeAll(async () => {
    server = await startServer({ engine: 'memory' })
    const client = server.client()
    await client.send(new CreateBucketCommand({ Bucket }))
    await server.client('other').send(new CreateBucketCommand({ Bucket: 'theirs' }))
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    ;({ VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: 'secret', Body: 'secret' })))
    await client.send(new PutObjectCommand({ Bucket, Key: 'open/a', Body: 'open' }))
  })
  afterAll(() => server.close())

  it('CVE-2026-39360: asks for the source of a copied part, and of a copy', async () => {
    await put(allow('s3:GetObject', 'open/*'))
    const other = server.client('other')
    const into = { Bucket: 'theirs', Key: 'copy' }
    const { UploadId } = await other.send(new CreateMultipartUploadCommand(into))
    const part = (from: string) =>
      outcome(
        other.send(new UploadPartCopyCommand({ ...into, UploadId, PartNumber: 1, CopySource: `${Bucket}/${from}` })),
      )
    const copy = (from: string) =>
      outcome(other.send(new CopyObjectCommand({ ...into, CopySource: `${Bucket}/${from}` })))
    expect([await part('open/a'), await part('secret')]).toEqual(['done', 'AccessDenied'])
    expect([await copy('open/a'), await copy('secret')]).toEqual(['done', 'AccessDenied'])
  })

  it('GHSA-3ppv-fx5m-m749: reading a version by its id is a permission of its own, also for copies', async () => {
    await put(allow('s3:GetObject', '*'))
    const other = server.client('other')
    expect(await outcome(other.send(new GetObjectCommand({ Bucket, Key: 'secret' })))).toBe('done')
    expect(await outcome(other.send(new GetObjectCommand({ Bucket, Key: 'secret', VersionId })))).toBe('AccessDenied')
    const CopySource = `${Bucket}/secret?versionId=${VersionId}`
    expect(await outcome(other.send(new CopyObjectCommand({ Bucket: 'theirs', Key: 'x', CopySource })))).toBe(
      'AccessDenied',
    )
  })

  it('CVE-2024-36107: conditional headers are answered after the decision', async () => {
    await put(allow('s3:GetObject', 'open/*'))
    const etag = `"${createHash('md5').update('secret').digest('hex')}"`
    const ask = async (key: string, headers: Record<string, string>) => {
      const answer = await fetch(`${server.endpoint}/${Bucket}/${key}`, { headers })
      return [answer.status, (await answer.text()).replace(/<(RequestId|HostId|Resource)>.*?<\/\1>/g, '')]
    }
    const absent = await ask('absent', {})
    expect(absent[0]).toBe(403)
    for (const headers of [
      { 'if-none-match': etag },
      { 'if-match': '"other"' },
      { 'if-modified-since': new Date(Date.now() + 60_000).toUTCString() },
      { range: 'bytes=900-' },
    ]) {
      expect(await ask('secret', headers)).toEqual(absent)
    }
  })

  it('CVE-2026-42882: one spelling of a key is another, for the policy as for the store', async () => {
    await put(allow('s3:GetObject', 'open/*'))
    const statusOf = async (path: string) => (await fetch(`${server.endpoint}/${Bucket}/${path}`)).status
    expect([await statusOf('open%2Fa'), await statusOf('%6Fpen/a'), await statusOf('%73ecret')]).toEqual([
      200, 200, 403,
    ])
    expect(await statusOf('open/%2E%2E%2Fsecret')).not.toBe(200)
  })

  it('GHSA-v9cp-qfw9-9pfp: quantifiers of negated operators over sets that overlap in part', () => {
    const holds = (operator: string, keys: string[]) => {
      const Condition = { [operator]: { 'aws:TagKeys': ['a', 'b'] } }
      const identity = [identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*', Condition })]
      return isAllowed({ identity }, { keys: { 'aws:TagKeys': keys } })
    }
    expect(holds('ForAllValues:StringNotEquals', ['a', 'c'])).toBe(false)
    expect(holds('ForAnyValue:StringNotEquals', ['a', 'c'])).toBe(true)
    expect(holds('ForAllValues:StringNotLike', ['c', 'd'])).toBe(true)
    expect(holds('ForAnyValue:StringNotLike', ['a', 'b'])).toBe(false)
  })
})
