/** The real program. All its processes can be killed at once; it records what its clients know of their objects. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { findFreePort, root, tsx } from '../bench/servers/own-server.ts'
import { stagedFiles } from '../staged-files.ts'

export const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

export class CrashingServer {
  readonly folder: string
  readonly client: S3Client
  readonly #port: number
  #child: ChildProcess | undefined
  #group: number | undefined

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.#port = port
    this.client = new S3Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' },
    })
  }

  static async create(): Promise<CrashingServer> {
    return new CrashingServer(await mkdtemp(join(tmpdir(), 'myfsio-crash-')), await findFreePort())
  }

  get port(): number {
    return this.#port
  }

  /** False if it ended before it could serve. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<boolean> {
    const [program, ...flags] = [...tsx, join(root, 'run.ts'), '--mode', 'api', '--api-port', String(this.#port)]
    const env = { PATH: process.env.PATH, STORAGE_ROOT: this.folder, LOG_LEVEL: 'error', ...environment }
    const child = spawn(program as string, flags, { cwd: root, env, detached: true, stdio: 'ignore' })
    this.#child = child
    this.#group = child.pid
    for (let waited = 0; waited < 30_000; waited += 50) {
      if (child.signalCode !== null) return false
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
      const answer = await fetch(`http://127.0.0.1:${this.#port}/healthz`).catch(() => undefined)
      if (answer?.ok === true) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the server did not start')
  }

  /** The whole group at once: launcher and workers. */
  kill(): void {
    const pid = this.#child?.pid
    this.#child = undefined
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has already ended.
    }
  }

  /** After `kill`: the index is in a file that the next start does not know, and has to go back to its checkpoint and its log. */
  async replaceIndexFile(): Promise<void> {
    await this.#gone()
    const path = join(this.folder, '.myfsio.sys', 'index', 'data.mdb')
    await copyFile(path, `${path}.copy`)
    await rename(`${path}.copy`, path)
  }

  async #gone(): Promise<void> {
    for (let waited = 0; waited < 500 && this.#isThere(); waited += 10) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  #isThere(): boolean {
    try {
      return this.#group !== undefined && process.kill(-this.#group, 0)
    } catch {
      return false
    }
  }

  /** Resolves once it has killed itself. */
  async died(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.signalCode !== null) return
    await new Promise((resolve, reject) => {
      child.once('exit', resolve)
      setTimeout(() => reject(new Error('it lives on')), 15_000).unref()
    })
  }

  async remove(): Promise<void> {
    this.kill()
    this.client.destroy()
    await rm(this.folder, { recursive: true, force: true })
  }
}

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

  /**
   * Each key has an allowed state, the listing has exactly the keys that can be read, and nothing is left in staging.
   */
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
