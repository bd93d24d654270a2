import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync, unlinkSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileTarget, type IngestOptions, ingest, ingestBuffers } from '#blobs/io/ingest.ts'
import { type DigestName, digestOnce } from '#lib/digest/digest.ts'
import { ApiError } from '#model/errors.ts'

const MIB = 1024 * 1024
const names: DigestName[] = ['MD5', 'CRC64NVME', 'SHA256', 'XXHASH3']

let path: string
let fd: number

beforeEach(() => {
  path = join(tmpdir(), `ingest-${process.pid}-${randomBytes(6).toString('hex')}`)
  fd = openSync(path, 'w+')
})

afterEach(() => {
  closeSync(fd)
  unlinkSync(path)
  expect(ingestBuffers.lentBytes).toBe(0)
})

function streamOf(bytes: Buffer, chunkBytes = 65_536): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
    })(),
    { objectMode: false },
  )
}

function options(changes: Partial<IngestOptions> = {}): IngestOptions {
  return { names, sizeBytes: undefined, maxBytes: 1024 * MIB, ...changes }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'success',
    (error: unknown) => (error instanceof ApiError ? error.code : error),
  )

describe('ingest', () => {
  it.each([0, 1, 65_537, 256 * 1024, 256 * 1024 + 1, MIB, 4 * MIB + 3, 11 * MIB + 12_345])(
    'writes and digests a body of %i bytes, announced or not',
    async (sizeBytes) => {
      const bytes = randomBytes(sizeBytes)
      for (const announced of [sizeBytes, undefined]) {
        const ingested = await ingest(streamOf(bytes), fileTarget(fd, 0), options({ sizeBytes: announced }))
        expect(ingested.sizeBytes).toBe(sizeBytes)
        expect(ingested.digests).toEqual(digestOnce(names, bytes))
        expect(readFileSync(path).equals(bytes)).toBe(true)
      }
    },
  )

  it('takes chunks larger than all its buffers', async () => {
    const bytes = randomBytes(9 * MIB + 7)
    const ingested = await ingest(streamOf(bytes, bytes.length), fileTarget(fd, 0), options())
    expect(ingested.digests).toEqual(digestOnce(names, bytes))
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it('writes at an offset and leaves what is before it', async () => {
    const [first, second] = [randomBytes(300_000), randomBytes(2 * MIB)]
    await Promise.all([
      ingest(streamOf(first), fileTarget(fd, 0), options()),
      ingest(streamOf(second), fileTarget(fd, first.length), options()),
    ])
    expect(readFileSync(path).equals(Buffer.concat([first, second]))).toBe(true)
  })

  it('refuses more than the maximum, announced or found', async () => {
    const bytes = randomBytes(3 * MIB)
    const maxBytes = bytes.length - 1
    expect(await codeOf(ingest(streamOf(bytes), fileTarget(fd, 0), options({ maxBytes })))).toBe('EntityTooLarge')
    const announced = options({ maxBytes, sizeBytes: bytes.length })
    expect(await codeOf(ingest(streamOf(bytes), fileTarget(fd, 0), announced))).toBe('EntityTooLarge')
    expect(fstatSync(fd).size).toBeLessThanOrEqual(maxBytes)
  })

  it.each([-1, 1])('refuses a body that differs by %i byte from what was announced', async (difference) => {
    const bytes = randomBytes(3 * MIB)
    const announced = options({ sizeBytes: bytes.length + difference })
    expect(await codeOf(ingest(streamOf(bytes), fileTarget(fd, 0), announced))).toBe('IncompleteBody')
  })

  it('does not hang on a source that is destroyed, before or after it began', async () => {
    const before = new PassThrough()
    before.destroy()
    expect(await codeOf(ingest(before, fileTarget(fd, 0), options()))).toBe('IncompleteBody')
    const after = new PassThrough()
    const ingesting = codeOf(ingest(after, fileTarget(fd, 0), options()))
    after.write(randomBytes(2 * MIB))
    setTimeout(() => after.destroy(), 10)
    expect(await ingesting).toBe('IncompleteBody')
  })

  it('passes on the errors of the source that are meant for the client, and only those', async () => {
    for (const [error, code] of [
      [new ApiError('SignatureDoesNotMatch'), 'SignatureDoesNotMatch'],
      [new Error('reset'), 'IncompleteBody'],
    ] as const) {
      const source = new PassThrough()
      const ingesting = codeOf(ingest(source, fileTarget(fd, 0), options()))
      source.write(randomBytes(2 * MIB))
      setTimeout(() => source.destroy(error), 5)
      expect(await ingesting).toBe(code)
    }
  })

  it('fails with what the file system says', async () => {
    const readOnly = openSync(path, 'r')
    const failed = await codeOf(ingest(streamOf(randomBytes(5 * MIB)), fileTarget(readOnly, 0), options()))
    closeSync(readOnly)
    expect(failed).toMatchObject({ code: 'EBADF' })
  })

  it('holds no more than its share of buffers for many slow uploads', async () => {
    const sources = Array.from({ length: 64 }, () => new PassThrough())
    const ingesting = sources.map((source, i) =>
      ingest(source, fileTarget(fd, i * 6 * MIB), options({ names: ['CRC32'] })),
    )
    let mostLentBytes = 0
    const watch = setInterval(() => {
      mostLentBytes = Math.max(mostLentBytes, ingestBuffers.lentBytes)
    }, 1)
    const bytes = randomBytes(2 * MIB)
    for (const source of sources) source.write(bytes)
    await new Promise((resolve) => setTimeout(resolve, 30))
    for (const source of sources) source.end()
    const ingested = await Promise.all(ingesting)
    clearInterval(watch)
    expect(mostLentBytes).toBeLessThan(100 * MIB)
    for (const one of ingested) expect(one.sizeBytes).toBe(bytes.length)
  })

  it('notices an HTTP client that breaks off in the middle', async () => {
    let settle: (outcome: Promise<unknown>) => void = () => {}
    const outcome = new Promise<unknown>((resolve) => {
      settle = resolve
    })
    const server = createServer((request) => {
      const announced = options({ sizeBytes: Number(request.headers['content-length']) })
      settle(codeOf(ingest(request, fileTarget(fd, 0), announced)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const headers = { 'content-length': String(20 * MIB) }
    const client = httpRequest({ port, host: '127.0.0.1', method: 'PUT', headers })
    client.on('error', () => {})
    client.write(randomBytes(5 * MIB), () => setTimeout(() => client.destroy(), 20))
    expect(await outcome).toBe('IncompleteBody')
    await new Promise((resolve) => server.close(resolve))
  })
})
