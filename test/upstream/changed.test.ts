/** Objects of the upstream store that somebody else has changed. */
import { randomBytes } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram, type TestProgram } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { clientOf, listUpstream, readBody } from './reading.ts'

const Bucket = 'bucket'
const bytes = randomBytes(1024 * 1024)
const refused = { name: 'InternalError', $metadata: { httpStatusCode: 500 } }

describe('an object that was changed upstream', () => {
  let upstream: TestUpstream
  let program: TestProgram
  let s3: aws.S3Client

  beforeAll(async () => {
    upstream = await startOwnUpstream()
    program = await startProgram('api', { env: { ...upstream.env, MYFSIO_BUCKETS: Bucket, LOG_LEVEL: 'off' } })
    s3 = clientOf(program)
  })
  afterAll(async () => {
    s3.destroy()
    await program.close()
    await upstream.close()
  })

  const get = async (Key: string, Range?: string) =>
    readBody(await s3.send(new aws.GetObjectCommand({ Bucket, Key, Range })))

  /** Writes an object. Returns a function that replaces its bytes upstream. */
  async function write(Key: string) {
    const before = new Set((await listUpstream(upstream)).map(({ Key }) => Key))
    await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: bytes }))
    const kept = (await listUpstream(upstream)).find(({ Key }) => !before.has(Key))?.Key
    const own = { Bucket: upstream.settings.bucket, Key: kept }
    return (Body: Buffer) => upstream.client.send(new aws.PutObjectCommand({ ...own, Body }))
  }

  it.each([0, 1000])('is refused when only %i bytes are left: a retry would not help', async (leftBytes) => {
    const replace = await write('shorter')
    await replace(bytes.subarray(0, leftBytes))
    await expect(get('shorter')).rejects.toMatchObject(refused)
    await expect(get('shorter', 'bytes=500-1500')).rejects.toMatchObject(refused)
    await expect(get('shorter', 'bytes=5000-6000')).rejects.toMatchObject(refused)
  })
})
