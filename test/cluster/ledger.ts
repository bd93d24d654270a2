/** Objects that clients write once, over all nodes. After any fault all acknowledged content must exist. */
import { createHash, randomBytes } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

const md5Of = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')
const MiB = 1024 * 1024
const pauseMs = 100

export class Ledger {
  readonly #bucket: string
  readonly #acknowledged = new Map<string, string>()
  /** Unexpected answers, with their reason. */
  readonly wrong: string[] = []
  #count = 0

  constructor(bucket: string) {
    this.#bucket = bucket
  }

  get size(): number {
    return this.#acknowledged.size
  }

  /** Writes small and large objects and two-part uploads through all nodes in turn until it is stopped. */
  async write(clients: readonly S3Client[], goesOn: () => boolean): Promise<void> {
    for (let turn = 0; goesOn(); turn++) {
      const at = this.#count++
      const key = `object-${at}`
      const isUpload = turn % 5 === 4
      const body = randomBytes(isUpload ? 6 * MiB : turn % 5 === 3 ? 300_000 : 1000 + at)
      const client = clients[at % clients.length] as S3Client
      try {
        if (isUpload) await this.#upload(client, key, body)
        else await client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body }))
        this.#acknowledged.set(key, md5Of(body))
      } catch (error) {
        this.#judge(key, error)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  async #upload(client: S3Client, Key: string, body: Buffer): Promise<void> {
    const Bucket = this.#bucket
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const Parts = [body.subarray(0, 5 * MiB), body.subarray(5 * MiB)].map(async (Body, at) => {
      const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body }
      const { ETag } = await client.send(new UploadPartCommand(part))
      return { PartNumber: at + 1, ETag }
    })
    const MultipartUpload = { Parts: await Promise.all(Parts) }
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
  }

  /** A node may be down, or ask to retry. Any other answer is wrong. */
  #judge(key: string, error: unknown): void {
    if (!(error instanceof S3ServiceException)) {
      // The SDK also calls a broken connection a timeout, but with the error code of the system.
      if (error instanceof Error && error.name === 'TimeoutError' && !('code' in error))
        this.wrong.push(`${key}: no answer`)
      return
    }
    const { httpStatusCode } = error.$metadata
    const headers = (error.$response as { headers?: Record<string, string> } | undefined)?.headers ?? {}
    if (httpStatusCode === 503 && headers['retry-after'] !== undefined) return
    this.wrong.push(`${key}: ${httpStatusCode} ${error.name} ${error.message}, Retry-After ${headers['retry-after']}`)
  }

  /** Objects that are missing or differ when `client` reads and lists them. */
  async findLost(client: S3Client): Promise<string[]> {
    const lost: string[] = []
    const listed = new Set<string | undefined>()
    for (let token: string | undefined; ; ) {
      const more = token === undefined ? {} : { ContinuationToken: token }
      const page = await client.send(new ListObjectsV2Command({ Bucket: this.#bucket, ...more }))
      for (const { Key } of page.Contents ?? []) listed.add(Key)
      token = page.NextContinuationToken
      if (token === undefined) break
    }
    for (const [Key, md5] of this.#acknowledged) {
      if (!listed.has(Key)) lost.push(`${Key} is not listed`)
      const { Body } = await client.send(new GetObjectCommand({ Bucket: this.#bucket, Key }))
      if (md5Of((await Body?.transformToByteArray()) ?? new Uint8Array()) !== md5) lost.push(`${Key} is another`)
    }
    return lost
  }
}
