/**
 * kill -9 of every process of the server at a random moment under load. Afterwards each acknowledged write is whole, every other is
 * old or new, the listing names exactly what can be read, and nothing is left in staging. MYFSIO_CRASH_ROUNDS asks for more rounds.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort, root, tsx } from '../bench/own-server.ts'

const rounds = Number(process.env.MYFSIO_CRASH_ROUNDS ?? 3)
const keys = 40
const Bucket = 'crash'

/** What the server may hold for a key: the last acknowledged state, or one that was on its way. */
interface Expected {
  acknowledged: string | undefined
  underWay: Set<string | undefined>
}

describe('kill -9 under load', () => {
  let folder: string
  let port: number
  let client: S3Client
  let child: ChildProcess | undefined
  const state = new Map<string, Expected>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'myfsio-crash-'))
    port = await findFreePort()
    client = new S3Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' },
    })
  })
  afterAll(async () => {
    kill()
    client.destroy()
    await rm(folder, { recursive: true, force: true })
  })

  async function start(): Promise<void> {
    const [program, ...flags] = [...tsx, join(root, 'run.ts'), '--mode', 'api', '--api-port', String(port)]
    const env = { PATH: process.env.PATH, STORAGE_ROOT: folder, LOG_LEVEL: 'error' }
    child = spawn(program as string, flags, { cwd: root, env, detached: true, stdio: 'ignore' })
    for (let waited = 0; waited < 15_000; waited += 50) {
      if (
        await fetch(`http://127.0.0.1:${port}/healthz`).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the server did not start')
  }

  /** The whole group at once: launcher and workers. */
  function kill(): void {
    if (child?.pid !== undefined) {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Already gone.
      }
    }
    child = undefined
  }

  /** Each writer has keys of its own, so that what it knows of them is true. */
  async function write(writer: number, isOver: () => boolean): Promise<number> {
    let acknowledged = 0
    while (!isOver()) {
      const Key = `w${writer}/${Math.floor(Math.random() * (keys / 8))}`
      const expected = state.get(Key) ?? { acknowledged: undefined, underWay: new Set() }
      state.set(Key, expected)
      const isDelete = Math.random() < 0.2
      const body = isDelete ? undefined : randomBytes(Math.floor(Math.random() ** 3 * 256 * 1024))
      const digest = body === undefined ? undefined : createHash('md5').update(body).digest('hex')
      expected.underWay.add(digest)
      try {
        if (body === undefined) await client.send(new DeleteObjectCommand({ Bucket, Key }))
        else await client.send(new PutObjectCommand({ Bucket, Key, Body: body }))
        expected.acknowledged = digest
        expected.underWay.clear()
        acknowledged++
      } catch {
        return acknowledged
      }
    }
    return acknowledged
  }

  async function read(Key: string): Promise<string | undefined> {
    try {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key }))
      const body = (await answer.Body?.transformToByteArray()) ?? new Uint8Array()
      const digest = createHash('md5').update(body).digest('hex')
      expect(answer.ETag).toBe(`"${digest}"`)
      return digest
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return undefined
      throw error
    }
  }

  async function verify(): Promise<void> {
    const found = new Set<string>()
    for (const [key, expected] of state) {
      const digest = await read(key)
      const allowed = [expected.acknowledged, ...expected.underWay]
      expect(allowed, `${key} is neither old nor new`).toContain(digest)
      if (digest !== undefined) found.add(key)
      state.set(key, { acknowledged: digest, underWay: new Set() })
    }
    const list = await client.send(new ListObjectsV2Command({ Bucket }))
    expect(new Set(list.Contents?.map(({ Key }) => Key))).toEqual(found)
    expect(await readdir(join(folder, '.myfsio.sys', 'staging'))).toEqual([])
  }

  it(`loses nothing acknowledged over ${rounds} kills`, { timeout: 30_000 * rounds }, async () => {
    await start()
    await client.send(new CreateBucketCommand({ Bucket }))
    let acknowledged = 0
    for (let round = 0; round < rounds; round++) {
      let isOver = false
      const writers = Array.from({ length: 8 }, (_, writer) => write(writer, () => isOver))
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 800))
      kill()
      isOver = true
      for (const count of await Promise.all(writers)) acknowledged += count
      await start()
      await verify()
    }
    expect(acknowledged).toBeGreaterThan(rounds * 20)
    console.log(`${acknowledged} acknowledged writes, ${rounds} kills`)
  })
})
