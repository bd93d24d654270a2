/**
 * Samba and others hold leases (fcntl(2)) on files that their clients have open: other opens wait until they release
 * the lease.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import koffi from 'koffi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'

const setLease = 1024
const forWriting = 1
const setSignal = 10
/** Does nothing, where the SIGIO of a lease that is asked for would end the process. */
const sigurg = 23

describe.runIf(process.platform === 'linux')('an object whose file another program has leased', () => {
  let server: TestServer
  let client: S3Client

  beforeAll(async () => {
    server = await startServer()
    client = server.client('main', { maxAttempts: 1 })
    await client.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
  })

  /** Runs `act` meanwhile. */
  async function leasing<T>(key: string, act: () => Promise<T>): Promise<T> {
    const fcntl = koffi.load(null).func('int fcntl(int, int, int)')
    const fd = fs.openSync(join(server.root, 'data', 'bucket', key), 'r+')
    try {
      expect([fcntl(fd, setSignal, sigurg), fcntl(fd, setLease, forWriting)]).toEqual([0, 0])
      return await act()
    } finally {
      fs.closeSync(fd)
    }
  }

  const get = async (Key: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'bucket', Key }))
    return Body?.transformToString()
  }
  const put = (Key: string, Body: string) => client.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body }))

  it('is to be read again in a moment', async () => {
    await put('read', 'bytes')
    const failure = await leasing('read', () => get('read').catch((error: unknown) => error))
    expect(failure).toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } })
    expect(await get('read')).toBe('bytes')
  })

  it('is written as any other', async () => {
    await put('written', 'old')
    await leasing('written', () => put('written', 'new'))
    expect(await get('written')).toBe('new')
  })
})
