/** The real program in the place of MinIO: the same command line, variables, probes and clients. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import type { LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Launched, launch } from './launcher.ts'

const credentials = { accessKeyId: 'minio-admin', secretAccessKey: 'minio-secret' }
const environment = {
  MINIO_ROOT_USER: credentials.accessKeyId,
  MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
  MINIO_REGION: 'eu-one-1',
  MINIO_DOMAIN: 's3.localhost',
  MINIO_BROWSER: 'off',
  MINIO_PROMETHEUS_AUTH_TYPE: 'public',
}
const toThisMachine: LookupFunction = (_name, { all }, done) =>
  all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
const apiUrl = /S3 API\s+(http:\/\/\S+)/
// Each test starts the whole program, some of them three times.
vi.setConfig({ testTimeout: 60_000 })

const started: Launched[] = []

function start(flags: string[], env: Record<string, string>): Launched {
  const launched = launch(flags, env)
  started.push(launched)
  return launched
}

afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill('SIGTERM')
    await exited
  }
})

describe('in the place of MinIO', () => {
  it('serves its clients, probes and addresses of buckets', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'minio-'))
    const flags = ['server', folder, '--address', '127.0.0.1:0', '--console-address', ':0']
    const { said, output } = start(flags, environment)
    const [, endpoint = ''] = await said(apiUrl)
    expect(output()).toContain('MINIO_PROMETHEUS_AUTH_TYPE has no effect: MyFSIO has no such setting.\n')
    expect(output()).not.toContain('Console')
    for (const probe of ['live', 'ready', 'cluster']) {
      expect((await fetch(`${endpoint}/minio/health/${probe}`)).status).toBe(200)
    }
    const client = new S3Client({ endpoint, credentials, region: 'eu-one-1', forcePathStyle: true })
    // The first request of `mc alias set`: whether the keys are valid, for a bucket that does not exist.
    const probe = client.send(new GetBucketLocationCommand({ Bucket: 'probe-bucket-sign-0a1b2c' }))
    await expect(probe).rejects.toMatchObject({ name: 'NoSuchBucket' })
    await client.send(new CreateBucketCommand({ Bucket: 'photos' }))
    const { port } = new URL(endpoint)
    const byHost = new S3Client({
      endpoint: `http://s3.localhost:${port}`,
      credentials,
      region: 'eu-one-1',
      requestHandler: { httpAgent: new Agent({ lookup: toThisMachine }) },
    })
    await byHost.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a.txt', Body: 'hello' }))
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a.txt' }))
    expect(await Body?.transformToString()).toBe('hello')
    for (const each of [client, byHost]) each.destroy()
  })

  it('starts no server on a folder in the format of MinIO', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'minio-'))
    mkdirSync(join(folder, '.minio.sys'))
    writeFileSync(join(folder, '.minio.sys', 'format.json'), '{"version":"1","format":"xl-single","id":"x"}')
    const { exited, output } = start(['server', folder, '--address', '127.0.0.1:0', '--console-address', ':0'], {})
    expect(await exited).toBe(1)
    expect(output()).toContain(`${folder} contains objects in MinIO's own format. Use an empty folder`)
  })
})

describe("a folder in MinIO's old format of plain files", () => {
  it('is served as it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'minio-'))
    for (const name of ['.minio.sys', 'photos']) mkdirSync(join(folder, name))
    writeFileSync(
      join(folder, '.minio.sys', 'format.json'),
      '{"version":"1","format":"fs","id":"x","fs":{"version":"2"}}',
    )
    writeFileSync(join(folder, 'photos', 'a.txt'), 'hello')
    const flags = ['server', folder, '--address', '127.0.0.1:0', '--console-address', ':0']
    const [, endpoint = ''] = await start(flags, { ...environment, MINIO_REGION: '' }).said(apiUrl)
    const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a.txt' }))
    expect(await Body?.transformToString()).toBe('hello')
    const { Buckets } = await client.send(new ListBucketsCommand({}))
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['photos'])
    client.destroy()
  })
})

describe('the health check', () => {
  it('ends with 0 while the server answers, and with 1 when it does not', async () => {
    const server = start(['--api-port', '0', '--mode', 'api'], {})
    const [, endpoint = ''] = await server.said(apiUrl)
    const flags = ['health', '--api-port', new URL(endpoint).port]
    const well = start(flags, {})
    expect([await well.exited, well.output()]).toEqual([0, `${endpoint} is healthy.\n`])
    server.child.kill('SIGTERM')
    await server.exited
    const ill = start(flags, {})
    expect([await ill.exited, ill.output()]).toEqual([1, `${endpoint} is not healthy: nothing listens there.\n`])
  })
})
