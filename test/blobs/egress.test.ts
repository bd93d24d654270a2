import { randomBytes } from 'node:crypto'
import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { egressBuffers, fileSource, type Stretch, sendStretch } from '#blobs/io/egress.ts'

const MIB = 1024 * 1024
const content = randomBytes(9 * MIB + 4321)
const path = join(tmpdir(), `egress-${process.pid}-${randomBytes(6).toString('hex')}`)

let fd: number
let server: Server
let outcomes: Promise<unknown>[] = []

beforeAll(async () => {
  writeFileSync(path, content)
  fd = openSync(path, 'r')
  server = createServer((request, response) => {
    const [start = 0, end = 0] = (request.url ?? '').slice(1).split('-').map(Number)
    const stretch: Stretch = { source: fileSource(fd), start, end }
    response.writeHead(200, { 'content-length': end - start })
    const outcome = sendStretch(response, stretch).then(() => response.end())
    outcomes.push(outcome.catch((error: unknown) => error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  closeSync(fd)
  unlinkSync(path)
})

afterEach(async () => {
  await Promise.all(outcomes)
  outcomes = []
  expect(egressBuffers.lentBytes).toBe(0)
})

function open(start: number, end: number): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: `/${start}-${end}`, agent: false }, resolve).on('error', reject)
  })
}

async function download(start: number, end: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of await open(start, end)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

describe('sendStretch', () => {
  it.each([
    [0, 9 * MIB + 4321],
    [0, 1],
    [5, 5],
    [12_345, 70_001],
    [MIB - 1, 3 * MIB + 1],
    [9 * MIB, 9 * MIB + 4321],
  ])('sends exactly the bytes from %i to %i', async (start, end) => {
    expect((await download(start, end)).equals(content.subarray(start, end))).toBe(true)
  })

  it('serves many at once within its share of buffers', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => open(0, content.length)))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(egressBuffers.lentBytes).toBeGreaterThan(0)
    expect(egressBuffers.lentBytes).toBeLessThan(64 * MIB)
    const sizes = answers.map(async (answer) => {
      let sizeBytes = 0
      for await (const chunk of answer) sizeBytes += (chunk as Buffer).length
      return sizeBytes
    })
    for (const sizeBytes of await Promise.all(sizes)) expect(sizeBytes).toBe(content.length)
  })

  it('rejects when the client goes away in the middle', async () => {
    const answer = await open(0, content.length)
    answer.on('error', () => {})
    answer.once('data', () => answer.destroy())
    answer.resume()
    await new Promise((resolve) => answer.once('close', resolve))
    expect(await outcomes[0]).toBeInstanceOf(Error)
  })

  it('breaks the connection rather than pad a file that is shorter than promised', async () => {
    const answer = await open(content.length - 100, content.length + 100)
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    const error = await new Promise((resolve) => answer.once('error', resolve))
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(Buffer.concat(chunks).length).toBeLessThanOrEqual(100)
    expect(await outcomes[0]).toBeInstanceOf(Error)
  })
})
