/**
 * kill -9 of every process of the server at a random moment under load. Afterwards each acknowledged write is complete,
 * every other is old or new, the listing has exactly the keys that can be read, and nothing is left in staging. Every
 * other time the index starts from its last checkpoint and its log, as after a power loss. MYFSIO_CRASH_ROUNDS sets the
 * number of rounds.
 */
import { randomBytes } from 'node:crypto'
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CrashingServer } from './crashing-server.ts'
import { Ledger, md5Of } from './ledger.ts'

const rounds = Number(process.env.MYFSIO_CRASH_ROUNDS ?? 3)
const keys = 40
const Bucket = 'crash'
const sealed = { ServerSideEncryption: 'AES256' } as const

describe('kill -9 under load', () => {
  let server: CrashingServer
  let ledger: Ledger

  beforeAll(async () => {
    server = await CrashingServer.create()
    ledger = new Ledger(server, Bucket)
  })
  afterAll(() => server.remove())

  /** Each writer has its own keys, so that its expectations are exact. */
  async function write(writer: number, isOver: () => boolean): Promise<number> {
    for (let acknowledged = 0; ; acknowledged++) {
      const Key = `w${writer}/${Math.floor(Math.random() * (keys / 8))}`
      const body = Math.random() < 0.2 ? undefined : randomBytes(Math.floor(Math.random() ** 3 * 256 * 1024))
      const changes = new Map([[Key, body === undefined ? undefined : md5Of(body)]])
      const isAcknowledged = await ledger.write(changes, () =>
        body === undefined
          ? server.client.send(new DeleteObjectCommand({ Bucket, Key }))
          : server.client.send(
              new PutObjectCommand({ Bucket, Key, Body: body, ...(Math.random() < 0.4 ? sealed : {}) }),
            ),
      )
      if (!isAcknowledged || isOver()) return acknowledged
    }
  }

  it(`loses nothing acknowledged over ${rounds} kills`, { timeout: 30_000 * rounds }, async () => {
    await server.start()
    await server.client.send(new CreateBucketCommand({ Bucket }))
    let acknowledged = 0
    for (let round = 0; round < rounds; round++) {
      let isOver = false
      const writers = Array.from({ length: 8 }, (_, writer) => write(writer, () => isOver))
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() ** 2 * 3000))
      server.kill()
      isOver = true
      for (const count of await Promise.all(writers)) acknowledged += count
      if (Math.random() < 0.5) await server.replaceIndexFile()
      await server.start()
      await ledger.verify()
    }
    expect(acknowledged).toBeGreaterThan(rounds * 5)
    console.log(`${acknowledged} acknowledged writes, ${rounds} kills`)
  })
})
