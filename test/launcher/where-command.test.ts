/** `myfsio where` through the real program, beside the running server. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { launch } from './launcher.ts'

let folder: string
let server: TestServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myfsio-where-'))
  server = await startServer({ root: folder })
  await server.client().send(new CreateBucketCommand({ Bucket: 'bucket' }))
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

async function where(...words: string[]): Promise<{ status: number | null; lines: string[] }> {
  const launched = launch(['where', ...words], { STORAGE_ROOT: join(folder, 'data') })
  const status = await launched.exited
  return { status, lines: launched.output().trim().split('\n') }
}

const put = (Key: string, Body: string) => server.client().send(new PutObjectCommand({ Bucket: 'bucket', Key, Body }))

it('prints the path of an object under its own name', { timeout: 60_000 }, async () => {
  await put('folder/key', 'plain')
  expect(await where('bucket', 'folder/key')).toEqual({
    status: 0,
    lines: [join(folder, 'data', 'bucket', 'folder', 'key')],
  })
})

it('prints the path of one that is kept aside, and why', { timeout: 60_000 }, async () => {
  await put('odd//key', 'opaque')
  const [path = '', why] = (await where('bucket', 'odd//key')).lines
  expect(readFileSync(path, 'utf8')).toBe('opaque')
  expect(why).toBe('kept aside, since the key cannot be the name of a file here')
})

it('prints the path of an older version', { timeout: 60_000 }, async () => {
  const Status = 'Enabled'
  const VersioningConfiguration = { Status } as const
  await server.client().send(new PutBucketVersioningCommand({ Bucket: 'bucket', VersioningConfiguration }))
  const { VersionId = '' } = await put('key', 'older')
  await put('key', 'newer')
  const [path = '', why] = (await where('bucket', 'key', VersionId)).lines
  expect(readFileSync(path, 'utf8')).toBe('older')
  expect(why).toBe('kept aside, since the version is not current')
})

it('says so where there is no such object, or no object is named', { timeout: 60_000 }, async () => {
  expect(await where('bucket', 'none')).toEqual({ status: 1, lines: ['There is no such object: bucket/none.'] })
  expect(await where('bucket')).toMatchObject({ status: 1, lines: [expect.stringContaining('BUCKET KEY')] })
})
