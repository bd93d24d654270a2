/** A store with a journal, and random work on it. A witness records the results. */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { openStore } from '#app/open-store.ts'
import type { Durability } from '#blobs/contract/blob-store.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectEncryption, Sealing } from '#model/object/encryption.ts'
import { checksumToKeep } from '#objects/writes/new-body.ts'
import type { OpenObject, Store } from '#store/contract.ts'
import type { Random } from '../../random.ts'
import { stagedFiles } from '../../staged-files.ts'
import type { Journal, JournalEngine } from './journal.ts'
import type { Deed, Value } from './witness.ts'

export const buckets = ['plain', 'versioned'] as const
const overwritten = ['a/b', 'c/d', 'e', 'f']
export const keys = ['a', 'c//d', ...overwritten]
export type BucketName = (typeof buckets)[number]

const attributes = { headers: {}, storageClass: 'STANDARD', ownerId: 'owner' } as const

export const bucketOf = (name: BucketName): Bucket => ({
  name,
  createdAtMs: 0,
  ownerId: 'owner',
  region: 'us-east-1',
  versioning: name === 'plain' ? 'Unversioned' : 'Enabled',
  mfaDelete: false,
  objectLockEnabled: name === 'versioned',
})

/** `surprises` gets what the store should never have to say. */
export function openUnder(root: string, engine: JournalEngine, durability: Durability, surprises: string[]) {
  const note = ({ err: _, ...fields }: { err?: unknown }, message: string) => {
    if (/adopted|lost|missing|have changed|could not/.test(message))
      surprises.push(`${message} ${JSON.stringify(fields)}`)
  }
  const log = { info: note, warn: note, error: note }
  return openStore({ root, durability, engine, watch: false, log, isPrimary: false })
}

/** Small values travel in the index, large ones as files. */
const sizeOf = (segment: string): number => (segment.startsWith('large') ? 70_000 : 40)
/** Appended values follow the first one: `small-1+large-2`. */
const bodyOf = (value: string): Buffer =>
  Buffer.concat(value.split('+').map((segment) => Buffer.alloc(sizeOf(segment), `${segment};`)))

function valueIn(body: Buffer): string {
  const segments: string[] = []
  for (let at = 0; at < body.length; at += sizeOf(segments.at(-1) ?? '')) {
    segments.push(body.toString('latin1', at, at + 40).split(';')[0] ?? '')
  }
  return segments.join('+')
}

function incoming(value: string) {
  const body = bodyOf(value)
  const source = Readable.from([body], { objectMode: false })
  return { source, sizeBytes: body.length, maxBytes: 1e9, algorithms: [] }
}

/** The keys of this process by their wrapping: a store that is opened later does not know them. */
const sealings = new Map<string, Sealing>()

function newSealing(): Sealing {
  const wrappedKey = `wrapped ${sealings.size}`
  const sealing: Sealing = { encryption: { method: 'AES256', wrappedKey }, dataKeys: [randomBytes(32)] }
  sealings.set(wrappedKey, sealing)
  return sealing
}

/** The same keys, wrapped for the new name of a rename. */
function wrappedAnew(encryption: ObjectEncryption): ObjectEncryption {
  const wrappedKey = `wrapped ${sealings.size}`
  const { dataKeys = [] } = sealings.get(encryption.wrappedKey) ?? {}
  sealings.set(wrappedKey, { encryption: { ...encryption, wrappedKey }, dataKeys })
  return { ...encryption, wrappedKey }
}

export class Session {
  readonly #store: Store
  readonly #journal: Journal
  readonly #random: Random
  /** Whether most of it is small files that replace each other, and are written again. */
  readonly #overwrites: boolean
  #count = 0
  /** Version ids that were returned and not removed: `bucket\0key\0id`. */
  readonly #versions: string[] = []
  /** Those with a legal hold. */
  readonly #held = new Set<string>()

  constructor(store: Store, journal: Journal, random: Random) {
    this.#store = store
    this.#journal = journal
    this.#random = random
    this.#overwrites = random() < 0.5
  }

  async createBuckets(): Promise<void> {
    for (const name of buckets) await this.#store.createBucket(bucketOf(name))
  }

  /** Several requests at once, each with its own keys. */
  async step(): Promise<void> {
    const bucket = this.#overwrites && this.#random() < 0.9 ? 'plain' : this.#pick(buckets)
    const free = [...(this.#overwrites ? overwritten : keys)].sort(() => this.#random() - 0.5)
    const requests: Promise<void>[] = []
    for (let count = 1 + Math.floor(this.#random() * 2); count > 0; count--) {
      requests.push(this.#request(bucket, free.pop() ?? '', free.pop() ?? ''))
    }
    // Readers come at any time, and settle unfinished changes.
    const reader = async () => {
      for (let turn = 0; turn < 8; turn++) {
        await new Promise((resolve) => setImmediate(resolve))
        await this.#store.findVersion(bucket, this.#pick(keys), undefined)
      }
    }
    if (this.#random() < 0.5) requests.push(reader())
    await Promise.all(requests)
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T
  }

  async #request(bucket: BucketName, key: string, other: string): Promise<void> {
    const value = `${this.#random() < (this.#overwrites ? 0.05 : 0.4) ? 'large' : 'small'}-${this.#count++}`
    const choice = this.#random() * (this.#overwrites && this.#random() < 0.8 ? 0.5 : 1)
    if (choice < 0.4) await this.#put(bucket, key, value)
    else if (choice < 0.5) await this.#append(bucket, key, value)
    else if (choice < 0.65) await this.#complete(bucket, key, value)
    else if (choice < 0.8) await this.#rename(bucket, key, other)
    else if (choice < 0.87) await this.#removeVersion(bucket, key)
    else if (choice < 0.92) await this.#hold(bucket, key)
    else if (choice < 0.97) await this.#annotate(bucket, key, value)
    else await this.#remove(bucket, key)
  }

  async #doing(deed: Deed, act: () => Promise<readonly [id: string, value: string][]>): Promise<void> {
    this.#journal.note({ begun: deed })
    const versions = await act()
    this.#journal.note({ told: deed, versions, commits: this.#journal.commits })
    for (const [id] of versions) this.#versions.push(id)
  }

  #put(bucket: BucketName, key: string, value: string): Promise<void> {
    const isHeld = bucket === 'versioned' && this.#random() < 0.2
    return this.#doing({ changes: new Map([[`${bucket}\0${key}`, value]]) }, async () => {
      const staged = await this.#store.stage(incoming(value), this.#sealing())
      const version = await this.#store.putObject({
        bucket: bucketOf(bucket),
        key,
        staged,
        attributes: { ...attributes, userMetadata: { value }, ...(isHeld && { lock: { legalHold: 'ON' } }) },
        checksum: {
          algorithm: 'CRC64NVME',
          type: 'FULL_OBJECT',
          value: staged.digests.get('CRC64NVME')?.toString('base64') ?? '',
        },
        conditions: {},
      })
      const id = `${bucket}\0${key}\0${version.versionId}`
      if (isHeld) this.#held.add(id)
      return bucket === 'plain' ? [] : [[id, value]]
    })
  }

  /** Without an existing object it would be another put. */
  async #append(bucket: BucketName, key: string, value: string): Promise<void> {
    const before = await read(this.#store, bucket, key, undefined)
    if (before === undefined) return this.#put(bucket, key, value)
    const whole = `${before}+${value}`
    await this.#doing({ changes: new Map([[`${bucket}\0${key}`, whole]]) }, async () => {
      const opened = await this.#store.openObject(bucket, key, undefined)
      const base = opened.version
      const { dataKeys } = sealings.get(base.encryption?.wrappedKey ?? '') ?? {}
      const staged = await this.#store.stageAppend(opened, incoming(value), dataKeys)
      const version = await this.#store.putAppended({ bucket: bucketOf(bucket), key, base, staged, conditions: {} })
      return bucket === 'plain' ? [] : [[`${bucket}\0${key}\0${version.versionId}`, whole]]
    })
  }

  /** On a version without a lock. Each annotation has its own name. */
  async #annotate(bucket: BucketName, key: string, text: string): Promise<void> {
    const id = this.#pick(this.#versions.filter((one) => one.startsWith(`${bucket}\0${key}\0`)))
    if (id === undefined || this.#held.has(id)) return
    const version = await this.#store.findVersion(bucket, key, id.split('\0')[2])
    if (version === undefined) return
    const name = `note-${this.#count++}`
    const bytes = Buffer.from(text)
    const digests = digestOnce(['MD5', 'CRC64NVME'], bytes)
    const staged = { bytes, sizeBytes: bytes.length, digests }
    const checksum = checksumToKeep(staged)
    const { dataKeys } = sealings.get(version.encryption?.wrappedKey ?? '') ?? {}
    this.#journal.note({ begun: { changes: new Map() } })
    const put = await this.#store.putAnnotation({ bucket, version, name, staged, checksum, dataKeys })
    if (put === undefined) throw new Error(`${key} is gone`)
    const versions: [string, string][] = [[`${id}\0${name}`, text]]
    this.#journal.note({ told: { changes: new Map() }, versions, commits: this.#journal.commits })
  }

  /** Puts a legal hold on a version, whose bytes are moved aside. */
  async #hold(bucket: BucketName, key: string): Promise<void> {
    const id = this.#pick(this.#versions.filter((one) => one.startsWith(`${bucket}\0${key}\0`)))
    const version = id === undefined ? undefined : await this.#store.findVersion(bucket, key, id.split('\0')[2])
    if (id === undefined || version === undefined) return
    await this.#doing({ changes: new Map() }, async () => {
      await this.#store.changeVersion(bucket, version, { change: (now) => ({ ...now, lock: { legalHold: 'ON' } }) })
      this.#held.add(id)
      return []
    })
  }

  async #refused(act: () => Promise<unknown>): Promise<void> {
    const outcome = await act().then(
      () => 'done',
      (error: unknown) => (error instanceof ApiError ? error.code : error),
    )
    if (outcome !== 'AccessDenied') throw new Error(`a held version was not refused: ${outcome}`)
  }

  /** For about every third object. */
  #sealing(): Sealing | undefined {
    return this.#random() < 0.35 ? newSealing() : undefined
  }

  #complete(bucket: BucketName, key: string, value: string): Promise<void> {
    return this.#doing({ changes: new Map([[`${bucket}\0${key}`, value]]) }, async () => {
      const { encryption, dataKeys } = this.#sealing() ?? {}
      const upload = await this.#store.createUpload({
        bucket,
        key,
        initiatorId: 'owner',
        ...(encryption && { encryption }),
        attributes: { ...attributes, userMetadata: { value } },
      })
      const isRepeated = this.#random() < 0.5
      if (isRepeated) {
        const first = await this.#store.stagePart(upload, 1, incoming('small-overwritten'), dataKeys)
        await this.#store.putPart(upload, first, undefined)
      }
      const part = await this.#store.stagePart(upload, 1, incoming(value), dataKeys)
      const { etag } = await this.#store.putPart(upload, part, undefined)
      const version = await this.#store.completeUpload({
        bucket: bucketOf(bucket),
        key,
        uploadId: upload.uploadId,
        parts: [{ partNumber: 1, etag, checksums: {} }],
        conditions: {},
      })
      return bucket === 'plain' ? [] : [[`${bucket}\0${key}\0${version.versionId}`, value]]
    })
  }

  #remove(bucket: BucketName, key: string): Promise<void> {
    return this.#doing({ changes: new Map([[`${bucket}\0${key}`, undefined]]) }, async () => {
      await this.#store.deleteObject({
        bucket: bucketOf(bucket),
        key,
        versionId: undefined,
        ownerId: 'owner',
        conditions: {},
      })
      return []
    })
  }

  /** The newest version of the key that has one. */
  async #removeVersion(bucket: BucketName, key: string): Promise<void> {
    const index = this.#versions.findLastIndex((id) => id.startsWith(`${bucket}\0${key}\0`))
    const held = this.#versions[index] ?? ''
    if (this.#held.has(held)) {
      const remove = { bucket: bucketOf(bucket), key, versionId: held.split('\0')[2], ownerId: 'owner', conditions: {} }
      return this.#refused(() => this.#store.deleteObject(remove))
    }
    const [removes] = index === -1 ? [] : this.#versions.splice(index, 1)
    if (removes === undefined) return this.#remove(bucket, key)
    const versionId = removes.split('\0')[2]
    const page = await this.#versionsOf(bucket, key)
    const isTop = page[0]?.version.versionId === versionId
    const nextId = page[1]?.version.versionId
    const next = nextId === undefined ? undefined : await this.#store.findVersion(bucket, key, nextId)
    const isGone = next === undefined || next.isDeleteMarker
    const below = isGone ? undefined : await read(this.#store, bucket, key, nextId)
    const changes = new Map<string, Value>(isTop ? [[`${bucket}\0${key}`, below]] : [])
    await this.#doing({ changes, removes }, async () => {
      await this.#store.deleteObject({ bucket: bucketOf(bucket), key, versionId, ownerId: 'owner', conditions: {} })
      return []
    })
  }

  async #versionsOf(bucket: BucketName, key: string) {
    const query = { bucket, prefix: key, delimiter: '', limit: 1000, keyMarker: '', versionIdMarker: undefined }
    const page = await this.#store.listVersions(query)
    return page.versions.filter(({ version }) => version.key === key)
  }

  async #rename(bucket: BucketName, from: string, to: string): Promise<void> {
    const found = await this.#store.findVersion(bucket, from, undefined)
    if (found === undefined || found.isDeleteMarker) return
    const value = (await read(this.#store, bucket, from, undefined)) ?? ''
    const changes = new Map<string, Value>([
      [`${bucket}\0${from}`, undefined],
      [`${bucket}\0${to}`, value],
    ])
    const id = `${bucket}\0${from}\0${found.versionId}`
    if (this.#held.has(id)) return
    const index = this.#versions.indexOf(id)
    const [removes] = index === -1 ? [] : this.#versions.splice(index, 1)
    await this.#doing({ changes, ...(removes === undefined ? {} : { removes }) }, async () => {
      const version = await this.#store.renameObject({
        bucket: bucketOf(bucket),
        from,
        to,
        sourceConditions: {},
        conditions: {},
        rewrap: found.encryption && { from: found.encryption, to: wrappedAnew(found.encryption) },
      })
      return bucket === 'plain' ? [] : [[`${bucket}\0${to}\0${version.versionId}`, value]]
    })
  }
}

export interface Found {
  readonly keys: Map<string, Value>
  readonly versions: Map<string, string>
}

/** Reads everything there is, and throws if anything does not fit together. */
export async function readAll(store: Store, root: string): Promise<Found> {
  const found: Found = { keys: new Map(), versions: new Map() }
  for (const bucket of buckets) {
    if ((await store.findBucket(bucket)) === undefined) continue
    const page = await store.listObjects({ bucket, prefix: '', delimiter: '', limit: 1000, after: '' })
    const listed = new Set(page.objects.map(({ key }) => key))
    for (const key of keys) {
      const value = await read(store, bucket, key, undefined)
      if ((value !== undefined) !== listed.has(key)) throw new Error(`${key} is listed, or read, but not both`)
      if (value !== undefined) found.keys.set(`${bucket}\0${key}`, value)
    }
    const query = { bucket, prefix: '', delimiter: '', limit: 1000, keyMarker: '', versionIdMarker: undefined }
    const versions = (await store.listVersions(query)).versions.filter(({ version }) => !version.isDeleteMarker)
    for (const { version } of versions) {
      const value = await read(store, bucket, version.key, version.versionId)
      if (value === undefined) throw new Error(`${version.key} lists a version that is not there`)
      found.versions.set(`${bucket}\0${version.key}\0${version.versionId}`, value)
    }
    let sizeBytes = versions.reduce((sum, { version }) => sum + version.sizeBytes, 0)
    for (const { version } of versions) {
      for (const [name, text] of await annotationsOf(store, bucket, version)) {
        found.versions.set(`${bucket}\0${version.key}\0${version.versionId}\0${name}`, text)
        sizeBytes += text.length
      }
    }
    const usage = await store.bucketUsage(bucket)
    if (usage.objectCount !== versions.length || usage.sizeBytes !== sizeBytes) {
      throw new Error(`${bucket} counts ${JSON.stringify(usage)}, not ${versions.length} of ${sizeBytes}`)
    }
  }
  const left = stagedFiles(root)
  if (left.length > 0) throw new Error(`left in staging: ${left}`)
  return found
}

async function annotationsOf(store: Store, bucket: string, { key, versionId }: { key: string; versionId: string }) {
  const version = await store.findVersion(bucket, key, versionId)
  if (version === undefined) throw new Error(`${key} lists a version that is not there`)
  const { annotations } = await store.listAnnotations(version, { prefix: '', after: '', limit: 1000 })
  const { dataKeys } = sealings.get(version.encryption?.wrappedKey ?? '') ?? {}
  const texts = annotations.map(async ({ name }): Promise<[name: string, text: string]> => {
    const found = await store.readAnnotation(version, name, dataKeys)
    return [name, found?.bytes.toString() ?? '']
  })
  return Promise.all(texts)
}

async function read(store: Store, bucket: string, key: string, versionId: string | undefined): Promise<Value> {
  let opened: OpenObject
  try {
    opened = await store.openObject(bucket, key, versionId)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NoSuchKey') return undefined
    throw error
  }
  const { version } = opened
  if (version.encryption !== undefined) {
    await opened.unseal(sealings.get(version.encryption.wrappedKey)?.dataKeys ?? [])
  }
  const content = opened.content(0, version.sizeBytes)
  const body = Buffer.isBuffer(content) ? content : await buffer(content.pieces())
  if (!Buffer.isBuffer(content)) content.close()
  const value = valueIn(body)
  if (!body.equals(bodyOf(value))) throw new Error(`${bucket}/${key} ${versionId} is torn`)
  const [first] = value.split('+')
  if (first !== version.userMetadata.value)
    throw new Error(`${bucket}/${key} ${versionId}: the body of ${value}, not ${version.userMetadata.value}`)
  if (!etagsOf(value).includes(version.etag)) throw new Error(`${key}: the ETag is not of these bytes`)
  return value
}

const md5Of = (bytes: Buffer) => createHash('md5').update(bytes).digest()

/** Written at once or in one part, and appended to. */
function etagsOf(value: string): string[] {
  const [first = '', ...appended] = value.split('+').map((segment) => md5Of(bodyOf(segment)))
  if (typeof first === 'string') return []
  return [first, md5Of(first)].map((start, partCount) => {
    const whole = appended.reduce((before, next) => md5Of(Buffer.concat([before, next])), start)
    const count = appended.length === 0 ? partCount : appended.length + 1
    return whole.toString('hex') + (count === 0 ? '' : `-${count}`)
  })
}
