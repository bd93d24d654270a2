/** `myfsio migrate --from`: the order of bucket settings. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetBucketAbacCommand,
  GetBucketTaggingCommand,
  PutBucketAbacCommand,
  PutBucketTaggingCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'
import { addressOf, runMigrate } from './run-migrate.ts'

const folder = mkdtempSync(join(tmpdir(), 'myfsio-import-settings-'))
let source: TestServer
let target: TestServer

beforeAll(async () => {
  source = await startServer()
  target = await startServer({ root: folder })
}, 60_000)
afterAll(async () => {
  await source?.close()
  await target?.close()
  rmSync(folder, { recursive: true })
})

it('imports the tags of a bucket before ABAC, and reports tags that can no longer be put', {
  timeout: 120_000,
}, async () => {
  const Bucket = 'tagged'
  const TagSet = [{ Key: 'team', Value: 'web' }]
  await source.client().send(new CreateBucketCommand({ Bucket }))
  await source.client().send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
  await source.client().send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status: 'Enabled' } }))
  const first = await runMigrate(folder, ['--from', addressOf(source)])
  expect(first).toEqual({ status: 0, lines: ['0 objects, 0 bytes imported, 0 failed'] })
  const { AbacStatus } = await target.client().send(new GetBucketAbacCommand({ Bucket }))
  expect(AbacStatus).toEqual({ Status: 'Enabled' })
  expect((await target.client().send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet)
  const again = await runMigrate(folder, ['--from', addressOf(source)])
  expect(again.lines[0]).toMatch(/^note: the bucket setting tagging could not be taken \(InvalidRequest: .*\): tagged$/)
})

/**
 * In front of the source: answers a read of the website configuration with nothing, as Garage does if there is none.
 */
function answerWebsiteWithNothing(url: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    if (incoming.url?.includes('?website')) return response.writeHead(204).end()
    const { method, headers } = incoming
    const forwarded = request(url + incoming.url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(forwarded)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

it('takes an empty answer for a setting that is not set', { timeout: 120_000 }, async () => {
  const server = await answerWebsiteWithNothing(source.endpoint)
  const { port } = server.address() as AddressInfo
  await source.client().send(new CreateBucketCommand({ Bucket: 'without-website' }))
  try {
    const address = `s3://without-website?endpoint=http://127.0.0.1:${port}`
    const { lines } = await runMigrate(folder, ['--from', address])
    expect(lines).toEqual(['0 objects, 0 bytes imported, 0 failed'])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
