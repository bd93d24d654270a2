/** `myfsio migrate --to` and `--to-folder`: after a move, a store gives the same answers. */
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { answers, fill } from '../backup/every-kind.ts'
import { launch } from '../launcher/launcher.ts'
import { startServer } from '../s3/start-server.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { testSecretKey } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { addressOf, runMigrate } from './run-migrate.ts'

let folder: string
let expected: Map<string, unknown>
let documents: unknown[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myfsio-move-'))
  const server = await startServer({ root: folder })
  await fill(server.client())
  await abortUploads(server.client())
  await putDocuments(server.client())
  expected = await answers(server.client())
  await server.close()
  documents = documentsOf(folder)
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function abortUploads(client: S3Client): Promise<void> {
  const Bucket = 'plain'
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
  for (const { Key, UploadId } of Uploads) await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
}

/** Puts a bucket policy, and an object that is encrypted with a KMS key. */
async function putDocuments(client: S3Client): Promise<void> {
  const Bucket = 'plain'
  const Statement = [
    { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::plain/public/*' },
  ]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy }))
  const sealed = { Key: 'under a key', Body: 'sealed', ServerSideEncryption: 'aws:kms' } as const
  await client.send(new PutObjectCommand({ Bucket, ...sealed }))
}

/** Users, bucket policies and keys, as the files have them. */
const documentsOf = (root: string): unknown[] =>
  ['iam.json', 'bucket_policies.json', 'kms_keys.json'].map((name) =>
    JSON.parse(readFileSync(join(data(root), '.myfsio.sys/config', name), 'utf8')),
  )

const data = (root: string) => join(root, 'data')

function startMove(words: readonly string[], root: string, env: Readonly<Record<string, string>> = {}) {
  return launch(['migrate', ...words], { STORAGE_ROOT: data(root), SECRET_KEY: testSecretKey, ...env })
}

async function move(...asked: Parameters<typeof startMove>) {
  const launched = startMove(...asked)
  const status = await launched.exited
  return { status, output: launched.output() }
}

async function answersOf(root: string, env: Readonly<Record<string, string>> = {}): Promise<Map<string, unknown>> {
  const server = await startServer({ root, env })
  try {
    return await answers(server.client())
  } finally {
    await server.close()
  }
}

describe.skipIf(noPostgres !== undefined)(`a store of plain files ${noPostgres ?? ''}`, () => {
  let postgres: TestPostgres
  let upstream: TestUpstream
  let schema: string
  let metadataUrl: string

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    schema = postgres.address().schema
    metadataUrl = `${postgres.url}?schema=${schema}`
  }, 240_000)
  afterAll(async () => {
    await upstream?.close()
    await postgres?.close()
  })

  it('moves to PostgreSQL and an S3 store, also after kill -9 in the middle, and back', {
    timeout: 300_000,
  }, async () => {
    const { BLOBS_URL = '', ...credentials } = upstream.env
    const words = ['--to', `${metadataUrl},${BLOBS_URL}`]
    const killed = startMove(words, folder, credentials)
    await vi.waitFor(
      async () => {
        const counted = await postgres.query(`SELECT count(*) FROM ${schema}.index_rows`)
        expect(Number(counted[0]?.[0])).toBeGreaterThan(100)
      },
      { timeout: 60_000, interval: 20 },
    )
    killed.child.kill('SIGKILL')
    await killed.exited
    const { status, output } = await move(words, folder, credentials)
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringMatching(/ 0 failed\n$/) })
    expect(output).toContain('were there already')
    const elsewhere = { METADATA_URL: metadataUrl, ...upstream.env }
    expect(Object.fromEntries(await answersOf(folder, elsewhere))).toEqual(Object.fromEntries(expected))
    const back = mkdtempSync(join(tmpdir(), 'myfsio-move-back-'))
    const killedBack = startMove(['--to-folder', data(back)], folder, elsewhere)
    await vi.waitFor(() => expect(existsSync(join(data(back), 'plain', 'checksum-CRC32'))).toBe(true), {
      timeout: 60_000,
      interval: 10,
    })
    killedBack.child.kill('SIGKILL')
    await killedBack.exited
    const returned = await move(['--to-folder', data(back)], folder, elsewhere)
    expect(returned).toMatchObject({ status: 0, output: expect.stringMatching(/ 0 failed\n$/) })
    expect(documentsOf(back)).toEqual(documents)
    expect(Object.fromEntries(await answersOf(back))).toEqual(Object.fromEntries(expected))
    rmSync(back, { recursive: true })
  })

  it('accepts an import into a shared index', { timeout: 240_000 }, async () => {
    const source = await startServer()
    const Bucket = 'imported'
    await source.client().send(new CreateBucketCommand({ Bucket }))
    await source.client().send(new PutObjectCommand({ Bucket, Key: 'key', Body: Buffer.alloc(100_000, 1) }))
    const root = mkdtempSync(join(tmpdir(), 'myfsio-import-'))
    const env = { METADATA_URL: `${postgres.url}?schema=${postgres.address().schema}`, ...upstream.env }
    const more = { ...env, BLOBS_URL: upstream.env.BLOBS_URL?.replace('?', 'imported/?') ?? '' }
    const { status, lines } = await runMigrate(root, ['--from', addressOf(source, Bucket)], more)
    await source.close()
    expect({ status, lines }).toEqual({ status: 0, lines: ['1 objects, 100000 bytes imported, 0 failed'] })
    const server = await startServer({ root, env: more })
    // The first start of the store created its user.
    const credentials = { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' }
    const client = server.client('main', { credentials })
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'key' }))
    expect(head.ContentLength).toBe(100_000)
    await server.close()
    rmSync(root, { recursive: true })
  })

  it('is not served before the move has ended', { timeout: 240_000 }, async () => {
    const { BLOBS_URL = '', ...credentials } = upstream.env
    const other = postgres.address().schema
    const to = { METADATA_URL: `${postgres.url}?schema=${other}`, BLOBS_URL: BLOBS_URL.replace('?', 'other/?') }
    const killed = startMove(['--to', `${to.METADATA_URL},${to.BLOBS_URL}`, '--parallel', '1'], folder, credentials)
    await vi.waitFor(
      async () => {
        const counted = await postgres.query(`SELECT count(*) FROM ${other}.index_rows`)
        expect(Number(counted[0]?.[0])).toBeGreaterThan(20)
      },
      { timeout: 60_000, interval: 20 },
    )
    killed.child.kill('SIGKILL')
    await killed.exited
    await expect(startServer({ root: folder, env: { ...credentials, ...to } })).rejects.toThrow('is being moved here')
  })
})

describe('a move', () => {
  it('is refused while a server uses the folder, and if the target has buckets', { timeout: 240_000 }, async () => {
    const other = mkdtempSync(join(tmpdir(), 'myfsio-move-'))
    const server = await startServer({ root: other })
    await server.client().send(new CreateBucketCommand({ Bucket: 'there' }))
    const used = await move(['--to-folder', data(other)], folder)
    expect(used).toMatchObject({ status: 1, output: expect.stringContaining('Stop it first') })
    await server.close()
    const full = await move(['--to-folder', data(other)], folder)
    expect(full).toMatchObject({ status: 1, output: expect.stringContaining('has buckets already') })
    const same = await move(['--to-folder', data(folder)], folder)
    expect(same).toMatchObject({ status: 1, output: expect.stringContaining('the same index') })
    rmSync(other, { recursive: true })
  })

  it('leaves uploads in progress behind only with --leave-uploads', { timeout: 240_000 }, async () => {
    const from = mkdtempSync(join(tmpdir(), 'myfsio-move-'))
    const to = mkdtempSync(join(tmpdir(), 'myfsio-move-'))
    const server = await startServer({ root: from })
    const Bucket = 'uploads'
    await server.client().send(new CreateBucketCommand({ Bucket }))
    await server.client().send(new CreateMultipartUploadCommand({ Bucket, Key: 'begun' }))
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'body' }))
    await server.close()
    const refused = await move(['--to-folder', data(to)], from)
    expect(refused).toMatchObject({ status: 1, output: expect.stringContaining('--leave-uploads') })
    const moved = await move(['--from-folder', data(from), '--leave-uploads'], to)
    expect(moved).toMatchObject({ status: 0, output: expect.stringContaining('1 objects, 4 bytes moved, 0 failed') })
    const there = await startServer({ root: to })
    const { Uploads } = await there.client().send(new ListMultipartUploadsCommand({ Bucket }))
    expect(Uploads).toBeUndefined()
    const head = await there.client().send(new HeadObjectCommand({ Bucket, Key: 'key' }))
    expect(head.ContentLength).toBe(4)
    await there.close()
    for (const one of [from, to]) rmSync(one, { recursive: true })
  })

  it('reports damaged bytes, and stays unfinished', { timeout: 240_000 }, async () => {
    const from = mkdtempSync(join(tmpdir(), 'myfsio-move-'))
    const to = mkdtempSync(join(tmpdir(), 'myfsio-move-'))
    const server = await startServer({ root: from })
    const Bucket = 'damage'
    await server.client().send(new CreateBucketCommand({ Bucket }))
    await server.client().send(new PutObjectCommand({ Bucket, Key: 'odd//key', Body: Buffer.alloc(200_000, 1) }))
    await server.close()
    // Files that are set aside do not count as changed by hand.
    const aside = join(data(from), '.myfsio.sys/opaque')
    const [name = ''] = readdirSync(aside, { recursive: true, encoding: 'utf8' }).filter((one) =>
      statSync(join(aside, one)).isFile(),
    )
    const handle = openSync(join(aside, name), 'r+')
    writeSync(handle, 'changed', 1000)
    closeSync(handle)
    const moved = await move(['--to-folder', data(to)], from)
    expect(moved).toMatchObject({
      status: 1,
      output: expect.stringMatching(
        /failed damage\/odd\/\/key .* are not those that were stored\.\n0 objects, 0 bytes moved, 1 failed\n$/,
      ),
    })
    for (const one of [from, to]) rmSync(one, { recursive: true })
  })
})
