/** The S3 store that contains the bytes, and the few operations that we use. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { ByteRange } from '#blobs/contract/incoming.ts'
import type { Clock } from '#lib/clock.ts'
import { asProblem, UpstreamChanged, UpstreamMissing, UpstreamProblem } from './problem.ts'
import type { UpstreamSettings } from './settings.ts'
import { Slots } from './slots.ts'
import { StallWatch } from './stall.ts'

const connectMaxMs = 5000
const slotLimits = { atOnceMax: 256, waitingMax: 512, waitMaxMs: 10_000 }
const attemptsMax = 3

const nothing = () => undefined
/** Without this, the SDK would write to the console instead of the log. */
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }

/** What the upstream answers about an object that it has stored. */
export interface Taken {
  /** Without quotes. */
  readonly etag: string | undefined
  /** Base64. */
  readonly crc64nvme: string | undefined
}

export interface Body {
  readonly source: Readable | Buffer
  readonly sizeBytes: number
  /** Base64, if it is known in advance. */
  readonly md5?: string | undefined
}

export interface Opened {
  readonly body: Readable
  /** Without quotes. */
  readonly etag: string | undefined
  readonly watch: StallWatch
  /** Frees its slot for another request. */
  release(): void
}

export interface ListedObject {
  readonly key: string
  readonly sizeBytes: number
}

export class Upstream {
  readonly settings: UpstreamSettings
  /** Whether the ETag of an object is the MD5 of its bytes, as the start has checked. */
  hasMd5Etags = false
  readonly #client: S3Client
  readonly #clock: Clock
  readonly #slots: Slots

  constructor(settings: UpstreamSettings, clock: Clock) {
    this.settings = settings
    this.#clock = clock
    this.#slots = new Slots(slotLimits, clock)
    const { endpoint, region, isPathStyle, credentials } = settings
    const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }
    this.#client = new S3Client({
      region,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials !== undefined && { credentials }),
      forcePathStyle: isPathStyle,
      logger: silent,
      maxAttempts: attemptsMax,
      // We compare our own checksums. Not every store knows those of the SDK.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: connectMaxMs,
        // StallWatch ends silent requests: it knows which side has to act.
        requestTimeout: 0,
        socketTimeout: 0,
        httpAgent: new HttpAgent(agent),
        httpsAgent: new HttpsAgent(agent),
      },
    })
  }

  /** The key of the object. The random end of the id spreads keys over folders and partitions. */
  keyOf(id: string): string {
    return `${this.settings.prefix}${id.slice(-2)}/${id}`
  }

  newWatch(): StallWatch {
    return new StallWatch(this.#clock, this.settings.timeoutMs)
  }

  /** `watch`: the source of a stream reports when the upstream has to act. Throws SlowDown, UpstreamProblem. */
  async put(key: string, { source, sizeBytes, md5 }: Body, watch: StallWatch = this.newWatch()): Promise<Taken> {
    const input = {
      Bucket: this.settings.bucket,
      Key: key,
      Body: source,
      ContentLength: sizeBytes,
      ...(md5 !== undefined && { ContentMD5: md5 }),
    }
    const { ETag, ChecksumCRC64NVME } = await this.#run('writing an object', watch, (abortSignal) =>
      this.#client.send(new PutObjectCommand(input), { abortSignal }),
    )
    return { etag: ETag?.replaceAll('"', ''), crc64nvme: ChecksumCRC64NVME }
  }

  /** Reads a range of an object, or all of it. Throws SlowDown, UpstreamProblem, UpstreamMissing, UpstreamChanged. */
  async get(key: string, range?: ByteRange): Promise<Opened> {
    const what = 'reading an object'
    const release = await this.#slots.take()
    const watch = this.newWatch()
    watch.begin()
    try {
      const Range = range && `bytes=${range.start}-${range.end - 1}`
      const command = new GetObjectCommand({ Bucket: this.settings.bucket, Key: key, ...(Range && { Range }) })
      const { Body, ContentLength, ContentRange, ETag } = await this.#client.send(command, {
        abortSignal: watch.signal,
      })
      const body = Body as Readable
      // An error between two reads reaches the next reader.
      body.on('error', () => undefined)
      if (range !== undefined && ContentLength !== range.end - range.start) {
        body.destroy()
        throw otherRange(what, range, ContentRange)
      }
      return { body, etag: ETag?.replaceAll('"', ''), watch, release }
    } catch (error) {
      release()
      throw asProblem(what, watch.signal.aborted ? watch.signal.reason : error)
    } finally {
      watch.end()
    }
  }

  /** Reads a small object. Undefined: there is none. */
  async find(key: string): Promise<Buffer | undefined> {
    try {
      const { body, watch, release } = await this.get(key)
      watch.signal.addEventListener('abort', () => body.destroy(watch.signal.reason as Error))
      watch.begin()
      try {
        return Buffer.concat(await body.toArray())
      } finally {
        watch.end()
        release()
      }
    } catch (error) {
      if (error instanceof UpstreamMissing) return undefined
      throw asProblem('reading an object', error)
    }
  }

  async has(key: string): Promise<boolean> {
    const command = new HeadObjectCommand({ Bucket: this.settings.bucket, Key: key })
    try {
      await this.#watched('looking for an object', (abortSignal) => this.#client.send(command, { abortSignal }))
      return true
    } catch (error) {
      if (error instanceof UpstreamMissing) return false
      throw error
    }
  }

  /** Removes up to 1,000 objects. Returns those that could not be removed, with the reasons. */
  async remove(keys: readonly string[]): Promise<Map<string, string>> {
    const Objects = keys.map((Key) => ({ Key }))
    const command = new DeleteObjectsCommand({ Bucket: this.settings.bucket, Delete: { Objects, Quiet: true } })
    const { Errors = [] } = await this.#watched('removing objects', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    )
    const failed = Errors.filter(({ Code }) => Code !== 'NoSuchKey')
    return new Map(failed.map(({ Key = '', Code = '', Message = '' }) => [Key, `${Code}: ${Message}`]))
  }

  /** The upstream copies the object itself. */
  async copy(from: string, to: string): Promise<void> {
    const { bucket } = this.settings
    const CopySource = `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`
    const command = new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource })
    await this.#watched('copying an object', (abortSignal) => this.#client.send(command, { abortSignal }))
  }

  /** Lists everything below a folder of the prefix. */
  async *list(folder: string): AsyncGenerator<ListedObject> {
    const { bucket: Bucket, prefix } = this.settings
    for (let token: string | undefined; ; ) {
      const Prefix = `${prefix}${folder}`
      const command = new ListObjectsV2Command({
        Bucket,
        Prefix,
        ...(token !== undefined && { ContinuationToken: token }),
      })
      const page = await this.#watched('listing objects', (abortSignal) => this.#client.send(command, { abortSignal }))
      for (const { Key = '', Size = 0 } of page.Contents ?? []) yield { key: Key, sizeBytes: Size }
      token = page.NextContinuationToken
      if (page.IsTruncated !== true || token === undefined) return
    }
  }

  /** Throws SlowDown, UpstreamProblem: not every store knows this, and not every user may ask. */
  async hasVersioning(): Promise<boolean> {
    const command = new GetBucketVersioningCommand({ Bucket: this.settings.bucket })
    const { Status } = await this.#watched('reading the versioning of the bucket', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    )
    return Status === 'Enabled'
  }

  close(): void {
    this.#client.destroy()
  }

  #watched<T>(what: string, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#run(what, this.newWatch(), send)
  }

  async #run<T>(what: string, watch: StallWatch, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const release = await this.#slots.take()
    watch.begin()
    try {
      return await send(watch.signal)
    } catch (error) {
      throw asProblem(what, watch.signal.aborted ? watch.signal.reason : error)
    } finally {
      watch.end()
      release()
    }
  }
}

/** `contentRange`: of the answer. */
function otherRange(what: string, { end }: ByteRange, contentRange = ''): Error {
  const totalBytes = /^bytes \d+-\d+\/(\d+)$/.exec(contentRange)?.[1]
  if (totalBytes !== undefined && Number(totalBytes) < end) {
    return new UpstreamChanged(`${what}: it is shorter than what was stored`)
  }
  return new UpstreamProblem(what, { status: undefined, code: '', message: 'it sent another range than requested' })
}
