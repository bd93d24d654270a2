/** Clients that disconnect during a request: nothing changes, nothing is left behind, and the server keeps working. */
import { createHash } from 'node:crypto'
import net from 'node:net'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { stagedFiles } from '../staged-files.ts'
import { openFilesBelow } from './open-files.ts'

const Bucket = 'bucket'
const old = Buffer.alloc(2_000_000, 'old')

describe('a client that goes away', () => {
  let server: TestServer
  let client: S3Client

  const lines: object[] = []

  beforeAll(async () => {
    const none = () => undefined
    server = await startServer({ log: { info: (fields) => lines.push(fields), warn: none, error: console.error } })
    client = server.client()
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: old }))
  })
  afterAll(async () => {
    client.destroy()
    await server.close()
  })

  /**
   * Sends a head and some of a body, as an administrator does by plain keys, and hangs up `after` so many bytes of an
   * answer.
   */
  function hangUp(head: readonly string[], body: Buffer, after = 0): Promise<void> {
    const { hostname, port } = new URL(server.endpoint)
    const keys = ['X-Access-Key: main', 'X-Secret-Key: main-secret']
    return new Promise((resolve, reject) => {
      const socket = net.connect(Number(port), hostname, () => {
        socket.write([...head, `Host: ${hostname}:${port}`, ...keys, '', ''].join('\r\n'))
        socket.write(body)
        if (after === 0) setTimeout(() => socket.destroy(), 30)
      })
      let received = 0
      socket.on('data', (chunk) => {
        received += chunk.length
        if (after > 0 && received >= after) socket.destroy()
      })
      socket.on('close', () => resolve())
      socket.on('error', reject)
    })
  }

  async function expectNothingHappened(): Promise<void> {
    await vi.waitFor(
      () => {
        expect(stagedFiles(join(server.root, 'data'))).toEqual([])
        expect(openFilesBelow(server.root)).toEqual([])
      },
      { timeout: 5000, interval: 20 },
    )
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'key' }))
    expect(md5(Buffer.from((await Body?.transformToByteArray()) ?? []))).toBe(md5(old))
    await client.send(new PutObjectCommand({ Bucket, Key: 'another', Body: 'works' }))
  }

  it.each([
    ['small', 1000],
    ['large', 6_000_000],
  ])('in half of a %s body leaves the object as it was', async (_, sizeBytes) => {
    const head = [`PUT /${Bucket}/key HTTP/1.1`, `Content-Length: ${sizeBytes}`]
    await hangUp(head, Buffer.alloc(sizeBytes / 2, 'x'))
    await expectNothingHappened()
  })

  it('in half of an aws-chunked body leaves the object as it was', async () => {
    const head = [
      `PUT /${Bucket}/key HTTP/1.1`,
      'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length: 400000',
      'x-amz-trailer: x-amz-checksum-crc32',
      'Content-Encoding: aws-chunked',
      'Content-Length: 400050',
    ]
    await hangUp(head, Buffer.concat([Buffer.from('30d40\r\n'), Buffer.alloc(200_000, 'x'), Buffer.from('\r\n')]))
    await expectNothingHappened()
  })

  it('before the length it announced by Transfer-Encoding leaves the object as it was', async () => {
    const head = [`PUT /${Bucket}/key HTTP/1.1`, 'Transfer-Encoding: chunked']
    await hangUp(head, Buffer.concat([Buffer.from('186a0\r\n'), Buffer.alloc(100_000, 'x'), Buffer.from('\r\n')]))
    await expectNothingHappened()
  })

  it('in half of an answer lets go of the file', async () => {
    await hangUp([`GET /${Bucket}/key HTTP/1.1`], Buffer.alloc(0), 500_000)
    await expectNothingHappened()
  })

  it.each([
    ['whose length it announced', 'Content-Length: 6000000'],
    ['in chunks', 'Transfer-Encoding: chunked'],
  ])('in half of a body %s is logged with the status that it would have been told', async (_, length) => {
    lines.length = 0
    const body = Buffer.concat([Buffer.from('186a0\r\n'), Buffer.alloc(50_000, 'x')])
    await hangUp([`PUT /${Bucket}/gone HTTP/1.1`, length], body)
    await vi.waitFor(() => expect(lines).toContainEqual(expect.objectContaining({ key: 'gone' })), { timeout: 5000 })
    expect(lines).toContainEqual(expect.objectContaining({ key: 'gone', status: 400, error: 'IncompleteBody' }))
  })

  it('before a copy is done leaves what the copy makes, or nothing', async () => {
    await hangUp(
      [`PUT /${Bucket}/copy HTTP/1.1`, `x-amz-copy-source: /${Bucket}/key`, 'Content-Length: 0'],
      Buffer.alloc(0),
    )
    await expectNothingHappened()
  })
})

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')
