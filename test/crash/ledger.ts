/** The objects of a server that is killed, as its clients know them. */
import { createHash } from 'node:crypto'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { stagedFiles } from '../staged-files.ts'
import type { CrashingServer } from './crashing-server.ts'

export const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

/**
 * The allowed states of a key: the last acknowledged one, or one that was being written. MD5 of the bytes, or
 * undefined.
 */
interface Expected {
  acknowledged: string | undefined
  readonly underWay: Set<string | undefined>
}

export class Ledger {
  readonly #server: CrashingServer
  readonly #bucket: string
  readonly #keys = new Map<string, Expected>()

  constructor(server: CrashingServer, bucket: string) {
    this.#server = server
    this.#bucket = bucket
  }

  /** Whether the request was acknowledged. Requests for one key must not overlap. */
  async write(changes: ReadonlyMap<string, string | undefined>, send: () => Promise<unknown>): Promise<boolean> {
    for (const [key, digest] of changes) this.#expected(key).underWay.add(digest)
    try {
      await send()
    } catch {
      return false
    }
    for (const [key, digest] of changes) this.#keys.set(key, { acknowledged: digest, underWay: new Set() })
    return true
  }

  #expected(key: string): Expected {
    const expected = this.#keys.get(key) ?? { acknowledged: undefined, underWay: new Set() }
    this.#keys.set(key, expected)
    return expected
  }

  /** Each key holds what it may, the listing names exactly what can be read, and nothing is left in staging. */
  async verify(): Promise<void> {
    const { client, folder } = this.#server
    const found = new Set<string>()
    for (const [key, expected] of this.#keys) {
      const digest = await this.#read(key)
      const allowed = [expected.acknowledged, ...expected.underWay]
      expect(allowed, `${key} is neither old nor new`).toContain(digest)
      if (digest !== undefined) found.add(key)
      this.#keys.set(key, { acknowledged: digest, underWay: new Set() })
    }
    const list = await client.send(new ListObjectsV2Command({ Bucket: this.#bucket }))
    expect(new Set(list.Contents?.map(({ Key }) => Key))).toEqual(found)
    expect(stagedFiles(folder)).toEqual([])
  }

  async #read(Key: string): Promise<string | undefined> {
    try {
      const answer = await this.#server.client.send(new GetObjectCommand({ Bucket: this.#bucket, Key }))
      const body = (await answer.Body?.transformToByteArray()) ?? new Uint8Array()
      const digest = md5Of(body)
      const isMultipart = answer.ETag?.includes('-') === true
      if (!isMultipart) expect(answer.ETag).toBe(`"${digest}"`)
      return digest
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return undefined
      throw error
    }
  }
}
