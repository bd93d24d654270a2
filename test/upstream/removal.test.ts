/** Deleted objects, and bytes that never became an object, are removed from the upstream store too. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import * as aws from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LeaseLost, Leases, leaseMs } from '#jobs/lease.ts'
import { rowsOf } from '#metadata/tables.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { startProgram, type TestProgram } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { clientOf, listUpstream, readBody } from './reading.ts'

const MiB = 1024 * 1024
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const Bucket = 'bucket'

describe('unneeded bytes upstream', () => {
  let upstream: TestUpstream
  let program: TestProgram
  let clock: ManualClock
  let passedMs = 0
  let s3: aws.S3Client

  beforeEach(async () => {
    upstream = await startOwnUpstream()
    clock = new ManualClock()
    passedMs = 0
    program = await startProgram('api', { env: { ...upstream.env, MYFSIO_BUCKETS: Bucket }, clock, isPrimary: true })
    s3 = clientOf(program)
  })
  afterEach(async () => {
    s3.destroy()
    await program.close()
    await upstream.close()
  })

  const put = (Key: string, Body: Buffer = randomBytes(MiB)) => send(new aws.PutObjectCommand({ Bucket, Key, Body }))
  const remove = (Key: string) => send(new aws.DeleteObjectCommand({ Bucket, Key }))
  const count = async () => (await listUpstream(upstream)).length
  const runJob = async () => {
    const removeGone = program.opened.services.store.removeGone
    for (;;) if ((await removeGone?.())?.mayHaveMore !== true) return
  }
  const wait = async (ms: number) => {
    await clock.pass(ms)
    passedMs += ms
  }
  /** Clients sign with the time of the server. The SDK resets this with each answer. */
  const send: aws.S3Client['send'] = ((command: aws.PutObjectCommand) => {
    s3.config.systemClockOffset = passedMs
    return s3.send(command)
  }) as aws.S3Client['send']
  const rowsLeft = async () =>
    (await program.opened.engine.scan(rowsOf('B'))).map(({ key }) => Buffer.from(key).toString().split('\0')[1])

  it('stay some minutes for their readers, and are removed then', async () => {
    await put('key')
    await remove('key')
    await wait(10 * minuteMs)
    await runJob()
    expect(await count()).toBe(1)
    await wait(6 * minuteMs)
    await runJob()
    expect(await count()).toBe(0)
    expect(await rowsLeft()).toEqual([])
  })

  it('are only removed by the process that has the lease of the job', async () => {
    await put('key')
    await remove('key')
    clock.jump(16 * minuteMs)
    const { engine, services } = program.opened
    const [before, after] = [new Leases({ engine, clock }), new Leases({ engine, clock })]
    const paused = await before.take('removal')
    await after.take('removal')
    clock.jump(leaseMs)
    const taken = await after.take('removal')
    if (paused === undefined || taken === undefined) throw new Error('the lease was not taken')
    const rows = await rowsLeft()
    const { signal } = new AbortController()
    await expect(services.store.removeGone?.({ signal, engine: paused.engine })).rejects.toThrow(LeaseLost)
    expect([await rowsLeft(), await count()]).toEqual([rows, 1])
    while ((await services.store.removeGone?.({ signal, engine: taken.engine }))?.mayHaveMore);
    expect([await rowsLeft(), await count()]).toEqual([[], 0])
  })

  it('are replaced objects and parts without an object', async () => {
    await put('key')
    await put('key')
    const Key = 'of parts'
    const begin = async () => (await send(new aws.CreateMultipartUploadCommand({ Bucket, Key }))).UploadId
    const [completed, aborted] = [await begin(), await begin()]
    const part = (UploadId: string | undefined, PartNumber: number) =>
      send(new aws.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: randomBytes(MiB) }))
    await part(completed, 1)
    const { ETag } = await part(completed, 1)
    await part(completed, 2)
    await part(aborted, 1)
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await send(new aws.CompleteMultipartUploadCommand({ Bucket, Key, UploadId: completed, MultipartUpload }))
    await send(new aws.AbortMultipartUploadCommand({ Bucket, Key, UploadId: aborted }))
    expect(await count()).toBe(6)
    await wait(16 * minuteMs)
    await runJob()
    expect(await count()).toBe(2)
    await readBody(await send(new aws.GetObjectCommand({ Bucket, Key })))
    await remove(Key)
    await remove('key')
    await wait(16 * minuteMs)
    await runJob()
    expect(await count()).toBe(0)
    expect(await rowsLeft()).toEqual([])
  })

  it('are not the pieces that a copy or a longer version shares', async () => {
    const body = randomBytes(MiB)
    await put('key', body)
    await send(new aws.CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key` }))
    await send(new aws.CopyObjectCommand({ Bucket, Key: 'copy of it', CopySource: `${Bucket}/copy` }))
    const line = Buffer.from('a line')
    await send(new aws.PutObjectCommand({ Bucket, Key: 'key', Body: line, WriteOffsetBytes: body.length }))
    await s3.send(
      new aws.PutObjectCommand({ Bucket, Key: 'key', Body: line, WriteOffsetBytes: body.length + line.length }),
    )
    const get = async (Key: string) => readBody(await send(new aws.GetObjectCommand({ Bucket, Key })))
    for (const key of ['copy', 'key', 'copy of it']) {
      await wait(16 * minuteMs)
      await runJob()
      expect(await count()).toBe(1)
      const expected = key === 'key' ? Buffer.concat([body, line, line]) : body
      expect((await get(key)).equals(expected)).toBe(true)
      await remove(key)
    }
    await wait(16 * minuteMs)
    await runJob()
    expect(await count()).toBe(0)
    expect(await rowsLeft()).toEqual([])
  })

  it('stay as long as they are read', async () => {
    const body = randomBytes(MiB)
    await put('key', body)
    const { store } = program.opened.services
    const opened = await store.openObject(Bucket, 'key', undefined)
    const content = opened.content(0, body.length)
    if (Buffer.isBuffer(content)) throw new Error('it is in memory')
    const pieces = content.pieces()[Symbol.asyncIterator]()
    const first: Buffer = (await pieces.next()).value
    await remove('key')
    for (let times = 0; times < 6; times++) {
      await wait(6 * minuteMs)
      await runJob()
    }
    const rest: Buffer[] = []
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) rest.push(next.value)
    expect(Buffer.concat([first, ...rest]).equals(body)).toBe(true)
    expect(await count()).toBe(1)
    opened.close()
    const countAfterJob = async () => {
      await runJob()
      return count()
    }
    await expect.poll(countAfterJob).toBe(0)
    expect(await rowsLeft()).toEqual([])
  })

  it('are the unpublished uploads of a process that ended, after a day', async () => {
    const { store } = program.opened.services
    const body = randomBytes(MiB)
    await store.stage({ source: Readable.from([body]), sizeBytes: MiB, maxBytes: MiB, algorithms: [] })
    await wait(dayMs - minuteMs)
    await runJob()
    await wait(16 * minuteMs)
    expect(await count()).toBe(1)
    await runJob()
    await wait(16 * minuteMs)
    await runJob()
    expect(await count()).toBe(0)
    expect(await rowsLeft()).toEqual([])
  })

  it('are the pieces of an unfinished body after a day, and a later piece does not restore them', async () => {
    const { store } = program.opened.services
    let goOn = () => {}
    const gate = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const source = Readable.from(
      (async function* () {
        yield randomBytes(9 * MiB)
        await gate
        yield randomBytes(8 * MiB)
      })(),
      { objectMode: false },
    )
    const staging = store.stage({ source, sizeBytes: undefined, maxBytes: 32 * MiB, algorithms: [] })
    const refused = expect(staging).rejects.toMatchObject({ code: 'OperationAborted' })
    await expect.poll(count).toBe(1)
    await wait(dayMs + minuteMs)
    await runJob()
    goOn()
    await refused
    await wait(16 * minuteMs)
    await runJob()
    expect(await count()).toBe(0)
    expect(await rowsLeft()).toEqual([])
  })

  it('are removed without a request, and the job counts them', async () => {
    await put('key')
    await remove('key')
    await wait(16 * minuteMs)
    await expect
      .poll(
        async () => {
          await wait(minuteMs)
          const jobs = await program.opened.jobs.list()
          const removal = jobs.find(({ name }) => name === 'upstream-removal')
          return removal?.figures.find(({ name }) => name === 'objects')?.value
        },
        { timeout: 20_000 },
      )
      .toBe(1)
    expect(await count()).toBe(0)
  })
})
