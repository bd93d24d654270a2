/**
 * Each file operation of each kind of write fails in turn: once, and from there on until the write has been answered.
 * The client gets an error of S3's or its write; the object is whole, old or new; afterwards everything works and
 * nothing is left behind.
 */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RenameObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startServer, type TestServer } from '../../s3/start-server.ts'
import { stagedFiles } from '../../staged-files.ts'
import { type FileCall, watchFiles } from '../file-calls.ts'
import { openFilesBelow } from '../open-files.ts'

const small = (letter: string) => Buffer.alloc(1000, letter)
const large = (letter: string) => Buffer.alloc(150_000, letter)
/** Lasting failures are tested only at some calls by default: MYFSIO_FAULTS=all tests each. */
const stride = process.env.MYFSIO_FAULTS === 'all' ? 1 : 4

/** Results that must never occur: a file counts as changed by hand, or bytes as lost. */
const surprises: string[] = []
const note = (_: object, message?: string) => {
  if (message !== undefined && /adopt|lost|missing|have changed/.test(message)) surprises.push(message)
}
const silent = { info: note, warn: note, error: note }

interface Run {
  readonly Bucket: string
  readonly Key: string
  /** The results of `prepare`. */
  uploadId: string
  parts: { PartNumber: number; ETag: string | undefined }[]
}

interface Scenario {
  readonly bucket: 'plain' | 'versioned'
  readonly before: Buffer | undefined
  readonly after: Buffer | undefined
  prepare?(client: S3Client, run: Run): Promise<void>
  act(client: S3Client, run: Run): Promise<unknown>
}

const put = (body: Buffer) => (client: S3Client, run: Run) => {
  const letter = body.toString('latin1', 0, 1)
  return client.send(new PutObjectCommand({ Bucket: run.Bucket, Key: run.Key, Body: body, Metadata: { letter } }))
}
const remove = (client: S3Client, run: Run) =>
  client.send(new DeleteObjectCommand({ Bucket: run.Bucket, Key: run.Key }))

async function begin(client: S3Client, run: Run): Promise<void> {
  const { UploadId = '' } = await client.send(
    new CreateMultipartUploadCommand({ Bucket: run.Bucket, Key: run.Key, Metadata: { letter: 'p' } }),
  )
  run.uploadId = UploadId
}

async function sendPart(client: S3Client, run: Run, PartNumber: number, Body: Buffer): Promise<void> {
  const { Bucket, Key, uploadId: UploadId } = run
  const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
  run.parts.push({ PartNumber, ETag })
}

const complete = (client: S3Client, { Bucket, Key, uploadId: UploadId, parts: Parts }: Run) =>
  client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))

const scenarios: Readonly<Record<string, Scenario>> = {
  'a small put': { bucket: 'plain', before: undefined, after: small('b'), act: put(small('b')) },
  'a small overwrite': { bucket: 'plain', before: small('a'), after: small('b'), act: put(small('b')) },
  'a large put': { bucket: 'plain', before: undefined, after: large('b'), act: put(large('b')) },
  'a large overwrite': { bucket: 'plain', before: large('a'), after: large('b'), act: put(large('b')) },
  'a versioned overwrite': { bucket: 'versioned', before: small('a'), after: large('b'), act: put(large('b')) },
  'a versioned small overwrite': { bucket: 'versioned', before: large('a'), after: small('b'), act: put(small('b')) },
  'a delete': { bucket: 'plain', before: small('a'), after: undefined, act: remove },
  'a versioned delete': { bucket: 'versioned', before: large('a'), after: undefined, act: remove },
  'a copy': {
    bucket: 'plain',
    before: small('a'),
    after: large('c'),
    prepare: async (client, run) => {
      await put(large('c'))(client, { ...run, Key: 'source' })
    },
    act: (client, { Bucket, Key }) =>
      client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/source` })),
  },
  'a rename': {
    bucket: 'plain',
    before: small('a'),
    after: large('d'),
    prepare: async (client, run) => {
      await put(large('d'))(client, { ...run, Key: `from/${run.Key}` })
    },
    act: (client, { Bucket, Key }) =>
      client.send(new RenameObjectCommand({ Bucket, Key, RenameSource: `/${Bucket}/from/${Key}` })),
  },
  'a part': {
    bucket: 'plain',
    before: small('a'),
    after: small('a'),
    prepare: begin,
    act: (client, run) => sendPart(client, run, 1, large('p')),
  },
  'a part sent again': {
    bucket: 'plain',
    before: small('a'),
    after: small('a'),
    prepare: async (client, run) => {
      await begin(client, run)
      await sendPart(client, run, 1, small('o'))
    },
    act: (client, run) => sendPart(client, run, 1, large('p')),
  },
  'a part sent a third time': {
    bucket: 'plain',
    before: small('a'),
    after: small('a'),
    prepare: async (client, run) => {
      await begin(client, run)
      await sendPart(client, run, 1, small('o'))
      await sendPart(client, run, 1, large('o'))
    },
    act: (client, run) => sendPart(client, run, 1, large('p')),
  },
  'a part copied': {
    bucket: 'plain',
    before: small('a'),
    after: small('a'),
    prepare: async (client, run) => {
      await put(large('p'))(client, { ...run, Key: 'source' })
      await begin(client, run)
    },
    act: (client, { Bucket, Key, uploadId: UploadId }) =>
      client.send(new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 1, CopySource: `${Bucket}/source` })),
  },
  'a new upload': { bucket: 'plain', before: small('a'), after: small('a'), act: begin },
  'an abort': {
    bucket: 'plain',
    before: small('a'),
    after: small('a'),
    prepare: async (client, run) => {
      await begin(client, run)
      await sendPart(client, run, 1, large('p'))
    },
    act: (client, { Bucket, Key, uploadId: UploadId }) =>
      client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
  },
  'a completion in place': {
    bucket: 'plain',
    before: small('a'),
    after: large('p'),
    prepare: async (client, run) => {
      await begin(client, run)
      await sendPart(client, run, 1, large('p'))
    },
    act: complete,
  },
  'a completion by copying': {
    bucket: 'versioned',
    before: small('a'),
    after: large('p'),
    prepare: async (client, run) => {
      await begin(client, run)
      await sendPart(client, run, 1, large('o'))
      run.parts = []
      await sendPart(client, run, 1, large('p'))
    },
    act: complete,
  },
}

/** The error of such a call on a full, broken or busy machine. */
function errorOf({ operation }: FileCall): NodeJS.ErrnoException {
  const code = operation === 'open' ? 'EMFILE' : /^(write|mkdir|rename|truncate)/.test(operation) ? 'ENOSPC' : 'EIO'
  return Object.assign(new Error(`${code}: injected, ${operation}`), { code })
}

describe('when the disk fails', () => {
  let server: TestServer
  let client: S3Client
  let unwatch: () => void
  let onCall: (call: FileCall) => void = () => undefined
  let runs = 0

  beforeAll(async () => {
    server = await startServer({ log: silent })
    client = server.client()
    unwatch = await watchFiles(join(server.root, 'data'), {
      before: (call) => {
        onCall(call)
        // Nothing here outlives a power loss.
        return call.operation === 'fsync' || call.operation === 'fdatasync' ? 'pretend' : undefined
      },
    })
    for (const Bucket of ['plain', 'versioned']) await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
    )
  })
  afterAll(async () => {
    unwatch()
    client.destroy()
    await server.close()
  })

  /** Files that could not be removed. */
  const forgiven = new Set<string>()
  const staging = () => stagedFiles(join(server.root, 'data'))

  async function read(run: Run, VersionId?: string): Promise<Buffer | undefined> {
    try {
      const answer = await client.send(new GetObjectCommand({ Bucket: run.Bucket, Key: run.Key, VersionId }))
      const body = Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
      expect(answer.Metadata?.letter).toBe(body.toString('latin1', 0, 1))
      return body
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return undefined
      throw error
    }
  }

  async function prepare(scenario: Scenario): Promise<Run & { VersionId: string | undefined }> {
    const run = { Bucket: scenario.bucket, Key: `folder/${runs++}`, uploadId: '', parts: [] }
    let VersionId: string | undefined
    if (scenario.before !== undefined) ({ VersionId } = await put(scenario.before)(client, run))
    await scenario.prepare?.(client, run)
    return { ...run, VersionId }
  }

  /** Runs the scenario with `fault` watching its file calls. */
  async function attempt(scenario: Scenario, run: Run, fault: (call: FileCall) => void): Promise<unknown> {
    onCall = fault
    try {
      await scenario.act(client, run)
      return undefined
    } catch (error) {
      return error
    } finally {
      onCall = () => undefined
    }
  }

  async function failAt(scenario: Scenario, at: number, mode: 'once' | 'lasting'): Promise<boolean> {
    const run = await prepare(scenario)
    const stagedBefore = staging()
    let count = 0
    let failed: FileCall | undefined
    const error = await attempt(scenario, run, (call) => {
      if (call.operation === 'close') return
      // A full disk still allows removals.
      if (mode === 'lasting' && /^rm/.test(call.operation)) return
      const isDue = mode === 'once' ? count === at : count >= at
      count++
      if (!isDue) return
      failed ??= call
      throw errorOf(call)
    })
    const what = `${mode} ${at} ${failed?.operation} ${failed?.path} ${failed?.to} → ${error}`
    if (error !== undefined) {
      expect(error, what).toBeInstanceOf(S3ServiceException)
      const { name, $metadata } = error as S3ServiceException
      expect([`500 InternalError`, '503 ServiceUnavailable', '503 SlowDown'], what).toContain(
        `${$metadata.httpStatusCode} ${name}`,
      )
    }
    const found = await read(run)
    const allowed = error === undefined ? [scenario.after] : [scenario.before, scenario.after]
    expect(
      allowed.some((body) => (body === undefined ? found === undefined : found?.equals(body))),
      `${what}: ${found?.length} bytes of ${found?.subarray(0, 1)}`,
    ).toBe(true)
    if (scenario.bucket === 'versioned' && scenario.before !== undefined) {
      expect((await read(run, run.VersionId))?.equals(scenario.before), what).toBe(true)
    }
    const { Bucket, Key } = run
    const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }))
    expect(listed.Contents?.some((object) => object.Key === Key) ?? false, what).toBe(found !== undefined)
    await put(small('z'))(client, run)
    expect((await read(run))?.equals(small('z')), what).toBe(true)
    if (run.uploadId !== '') await finishUpload(run)
    if (/^rm/.test(failed?.operation ?? '')) {
      for (const name of staging()) if (!stagedBefore.includes(name)) forgiven.add(name)
    }
    await vi.waitFor(() => expect(openFilesBelow(server.root), what).toEqual([]), { interval: 5, timeout: 10_000 })
    expect(surprises.splice(0), what).toEqual([])
    return failed !== undefined
  }

  /** An upload can be completed with all parts that it lists. */
  async function finishUpload({ Bucket, Key, uploadId: UploadId }: Run): Promise<void> {
    try {
      const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))
      if (Parts.length > 0) {
        const MultipartUpload = { Parts: Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })) }
        await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
        const md5 = createHash('md5').update((await Body?.transformToByteArray()) ?? '')
        expect(`"${md5.digest('hex')}"`).toBe(Parts[0]?.ETag)
      } else await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    } catch (error) {
      if (!(error instanceof S3ServiceException && error.name === 'NoSuchUpload')) throw error
    }
  }

  it.each(Object.entries(scenarios))('%s stays whole and leaves nothing', { timeout: 60_000 }, async (_, scenario) => {
    await failAt(scenario, Number.POSITIVE_INFINITY, 'once')
    for (let at = 0; await failAt(scenario, at, 'once'); at++);
    for (let at = 0; await failAt(scenario, at, 'lasting'); at += stride);
    await vi.waitFor(() => expect(staging().filter((name) => !forgiven.has(name))).toEqual([]), 10_000)
  })
})
