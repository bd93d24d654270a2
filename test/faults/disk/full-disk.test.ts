/**
 * A volume without room, whether objects or something else has filled it: what makes room still works, and so do reads
 * and a start.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../s3/start-server.ts'

const folder = fs.mkdtempSync(join(tmpdir(), 'myfsio-full-'))
const canMount = process.platform === 'linux' && mount('size=64m')

/** A file system in memory. */
function mount(options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

afterAll(() => {
  if (canMount) execFileSync('umount', [folder])
  fs.rmSync(folder, { recursive: true })
})

describe.runIf(canMount)('on a full volume', () => {
  const bodies = new Map<string, Buffer>()
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  let server: TestServer
  let client: S3Client

  const start = async () => {
    server = await startServer({ root: folder, log, isPrimary: true })
    client = server.client()
  }
  const stop = async () => {
    client.destroy()
    await server.close()
  }
  const put = async (Key: string, Body: Buffer, Bucket = 'bucket') => {
    await client.send(new PutObjectCommand({ Bucket, Key, Body }))
    if (Bucket === 'bucket') bodies.set(Key, Body)
  }
  const remove = async (Key: string) => {
    await client.send(new DeleteObjectCommand({ Bucket: 'bucket', Key }))
    bodies.delete(Key)
  }
  const readAll = async () => {
    for (const [Key, body] of bodies) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'bucket', Key }))
      expect(Buffer.compare(Buffer.from((await Body?.transformToByteArray()) ?? []), body)).toBe(0)
    }
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'bucket' }))
    expect(Contents.map(({ Key }) => Key)).toEqual([...bodies.keys()].sort())
  }
  const zeros = Buffer.alloc(4096)
  /** Another program fills the disk to the last block. */
  const fill = () => {
    const file = fs.openSync(join(folder, 'ballast'), 'a')
    try {
      for (;;) fs.writeSync(file, zeros)
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    } finally {
      fs.closeSync(file)
    }
  }
  const reserve = () => {
    const path = join(folder, 'data/.myfsio.sys/reserve')
    return fs.existsSync(path) ? fs.readdirSync(path) : []
  }
  const full = { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } }

  beforeAll(async () => {
    await start()
    for (const Bucket of ['bucket', 'versioned']) await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
    )
  })
  afterAll(() => stop())

  it('refuses to store more, before the room is gone that deletes need', async () => {
    await expect.poll(() => reserve().length).toBe(32)
    await put('versioned', Buffer.from('bytes'), 'versioned')
    for (let i = 0; ; i++) {
      const body = randomBytes([0, 100, 60_000, 70_000, 2_000_000][i % 5] ?? 0)
      try {
        await put(`objects/${String(i).padStart(4, '0')}`, body)
      } catch (error) {
        expect(error).toMatchObject(full)
        break
      }
    }
    expect(bodies.size).toBeGreaterThan(20)
    const { bavail, bsize } = fs.statfsSync(folder)
    expect(bavail * bsize).toBeGreaterThan(1024 * 1024)
    await readAll()
  })

  it('deletes also what another program has left no room for', async () => {
    fill()
    for (const key of [...bodies.keys()].slice(0, 30)) {
      await remove(key)
      fill()
    }
    await client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'versioned' }))
    await readAll()
  })

  it('starts, reads and deletes', async () => {
    await stop()
    fill()
    await start()
    await readAll()
    for (const key of [...bodies.keys()].slice(0, 20)) await remove(key)
    await readAll()
  })

  it('stores again once there is room, and makes its reserve again', async () => {
    fs.rmSync(join(folder, 'ballast'))
    await expect
      .poll(() =>
        put('objects/again', randomBytes(3000)).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    await stop()
    await start()
    await expect.poll(() => reserve().length).toBe(32)
    await readAll()
  })
})
