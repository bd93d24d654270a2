/**
 * kill -9 of every process of the server at each point of the publishing protocol, and at some of them again while it
 * recovers.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RenameObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CrashingServer } from './crashing-server.ts'
import { Ledger, md5Of } from './ledger.ts'

const preload = pathToFileURL(join(import.meta.dirname, 'kill-points.mjs')).href
const small = () => randomBytes(500)
const large = () => randomBytes(100_000)

type Act = () => Promise<unknown>

describe.skipIf(process.platform !== 'linux')('kill -9 at a point of the protocol', () => {
  let server: CrashingServer
  let plain: Ledger
  let versioned: Ledger

  beforeAll(async () => {
    server = await CrashingServer.create()
    plain = new Ledger(server, 'plain')
    versioned = new Ledger(server, 'versioned')
    await server.start({ WORKERS: '1' })
    for (const Bucket of ['plain', 'versioned']) await server.client.send(new CreateBucketCommand({ Bucket }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await server.client.send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }))
    for (const Key of ['old', 'source', 'target', 'gone', 'kept']) await put(plain, 'plain', Key, small())
    await put(versioned, 'versioned', 'old', large())
    server.kill()
  })
  afterAll(() => server.remove())

  function put(ledger: Ledger, Bucket: string, Key: string, Body: Buffer, more = {}): Promise<unknown> {
    return ledger.write(new Map([[Key, md5Of(Body)]]), () =>
      server.client.send(new PutObjectCommand({ Bucket, Key, Body, ...more })),
    )
  }

  const overwrite =
    (body: Buffer): Act =>
    () =>
      put(plain, 'plain', 'old', body)
  const sealed = { ServerSideEncryption: 'AES256' } as const
  const seal =
    (body: Buffer): Act =>
    () =>
      put(plain, 'plain', 'old', body, sealed)
  /** To an object that is in place, so that its bytes are copied. */
  function append(Bucket: 'plain' | 'versioned', body: Buffer): Act {
    return async () => {
      const ledger = Bucket === 'plain' ? plain : versioned
      const [Key, first] = ['log', large()]
      await put(ledger, Bucket, Key, first)
      const all = Buffer.concat([first, body])
      await ledger.write(new Map([[Key, md5Of(all)]]), () =>
        server.client.send(new PutObjectCommand({ Bucket, Key, Body: body, WriteOffsetBytes: first.length })),
      )
    }
  }
  const overwriteVersioned: Act = () => put(versioned, 'versioned', 'old', small())
  const sealVersioned: Act = () => put(versioned, 'versioned', 'old', large(), sealed)
  const remove: Act = () =>
    plain.write(new Map([['gone', undefined]]), () =>
      server.client.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'gone' })),
    )

  async function rename(): Promise<void> {
    const body = small()
    await put(plain, 'plain', 'source', body)
    const changes = new Map([
      ['source', undefined],
      ['target', md5Of(body)],
    ])
    await plain.write(changes, () =>
      server.client.send(new RenameObjectCommand({ Bucket: 'plain', Key: 'target', RenameSource: '/plain/source' })),
    )
  }

  async function upload(more = {}): Promise<void> {
    const at = { Bucket: 'plain', Key: 'old' }
    const { UploadId } = await server.client.send(new CreateMultipartUploadCommand({ ...at, ...more }))
    const Body = large()
    const { ETag } = await server.client.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await plain.write(new Map([['old', md5Of(Body)]]), () =>
      server.client.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload })),
    )
  }

  /**
   * By default the most important points; MYFSIO_CRASH_POINTS=all runs the rest. The point, the action that reaches it,
   * and a second point that the recovery from the first reaches.
   */
  const all: readonly [point: string, act: Act, whileRecovering?: string][] = [
    ['after-stage', overwrite(small())],
    ['after-commit', overwrite(large()), 'after-commit'],
    ['after-commit', overwrite(small()), 'after-settle'],
    ['in-append', append('plain', small())],
    ['mid-settle', append('versioned', large())],
    ['after-exchange', overwrite(small())],
    ['mid-settle', overwriteVersioned],
    ['after-settle', overwrite(large()), 'in-forget'],
    ['in-forget', overwrite(small())],
    ['in-completion', upload],
    ['after-completion', upload],
    ['before-aside', seal(small()), 'after-aside'],
    ['after-aside', seal(small())],
    ['before-recycle', seal(small())],
    ['before-aside', seal(large()), 'after-aside'],
    ['in-forget', seal(small())],
    ['mid-settle', sealVersioned],
    ['in-completion', () => upload(sealed)],
    ['after-settle', overwrite(small())],
    ['before-delete', remove],
    ['after-delete', () => put(plain, 'plain', 'gone', small()).then(remove)],
    ['before-rename', rename, 'after-rename'],
    ['after-rename', rename],
  ]

  const few = ['after-commit', 'in-append', 'mid-settle', 'before-aside', 'in-completion', 'before-rename']
  const isChosen = ([point, , again]: (typeof all)[number]) => few.includes(point) && again !== 'after-settle'
  const cases = process.env.MYFSIO_CRASH_POINTS === 'all' ? all : all.filter(isChosen)

  /** With a worker that kills everything at the point. If that would prevent the recovery, the recovery runs first. */
  async function startFor(point: string): Promise<void> {
    const environment = { WORKERS: '1', NODE_OPTIONS: `--import ${preload}`, MYFSIO_KILL_AT: point }
    if (await server.start(environment)) return
    await server.start({ WORKERS: '1' })
    server.kill()
    expect(await server.start(environment)).toBe(true)
  }

  // One start serves two ends: to check what the last kill left, and to be killed next.
  it('leaves every object old or new, at any of them', { timeout: 240_000 }, async () => {
    for (const [point, act, whileRecovering] of cases) {
      await startFor(point)
      await plain.verify()
      await versioned.verify()
      await act()
      await server.died()
      if (whileRecovering === undefined) continue
      const environment = { WORKERS: '1', NODE_OPTIONS: `--import ${preload}`, MYFSIO_KILL_AT: whileRecovering }
      if (await server.start(environment)) await server.died()
    }
    await server.start({ WORKERS: '1' })
    await plain.verify()
    await versioned.verify()
  })
})
