/**
 * `myfsio fsck`: compares index and files while no server uses them. Every record has its bytes, every file its record; counters and rows
 * fit. Interrupted writes are finished first, as a start does it; beyond that nothing is changed without `repair`.
 */
import { type Dirent, existsSync, readdirSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { type ScanOptions, scanBucket, scanBuckets } from '#blobs/files/by-hand/scan.ts'
import { checkVersion, type Verdict } from '#blobs/files/checks/check-version.ts'
import { findDanglingRows, findLeftovers } from '#blobs/files/checks/leftovers.ts'
import { LostAndFound } from '#blobs/files/checks/lost-and-found.ts'
import { hasCode } from '#blobs/files/io/file-operations.ts'
import { isLink } from '#blobs/files/place/inside.ts'
import { Layout, systemFolder } from '#blobs/files/place/layout.ts'
import { hasUsableName } from '#blobs/files/place/unusable-name.ts'
import { isStagingInUse } from '#blobs/files/staging/staging-folder.ts'
import { asBuffer, type MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { addToCounters, decodeCounters } from '#metadata/write.ts'
import { isBucketName } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { getBucket } from '#store/buckets.ts'
import type { StoreContext, StoreLog } from '#store/context.ts'
import { deleteObject } from '#store/delete.ts'
import { openContext, openEngine } from '#store/open-store.ts'
import { findVersion } from '#store/read.ts'

export interface Finding {
  readonly kind:
    | 'missing'
    | 'damaged'
    | 'changed'
    | 'linked'
    | 'unreadable'
    | 'unknown'
    | 'leftover'
    | 'counter'
    | 'row'
  /** Bucket and key with the version's id, or a path. */
  readonly where: string
  /** A sentence. */
  readonly what: string
  /** What was done about it; undefined: nothing. */
  readonly repair: string | undefined
}

export interface CheckOptions {
  readonly root: string
  readonly repair: boolean
  /** Sets the index aside and makes another of what is in the bucket folders. */
  readonly rebuild: boolean
  /** Of buckets that are adopted; undefined: the account that a first start makes. */
  readonly ownerId: string | undefined
  readonly region: string
  readonly blocksPublicAccess: boolean
  readonly log: StoreLog
  readonly onFinding: (finding: Finding) => void
}

export interface CheckSummary {
  readonly versions: number
  readonly bytes: number
  readonly findings: number
  readonly repaired: number
}

/** A server has the folder open. */
export class FolderInUse extends Error {}

export async function checkStore(options: CheckOptions): Promise<CheckSummary> {
  const { root, log, rebuild, ownerId, region, blocksPublicAccess } = options
  const layout = new Layout(root)
  assertUnused(layout)
  const lostAndFound = new LostAndFound(layout)
  if (rebuild && existsSync(layout.system('index'))) {
    const aside = await lostAndFound.take(layout.system('index'))
    log.info({ path: aside }, 'the index was set aside')
  }
  const engine = openEngine({ root, durability: 'strict', engine: 'lmdb' })
  const { context, close } = await openContext({
    root,
    durability: 'strict',
    engine,
    log,
    ...(ownerId === undefined ? {} : { ownerId }),
    region,
    blocksPublicAccess,
  })
  try {
    const check = new Check(context, options, lostAndFound)
    if (rebuild) await check.adoptFiles()
    return await check.run()
  } finally {
    await close()
  }
}

function assertUnused(layout: Layout): void {
  const staging = layout.system('staging')
  const isInUse = existsSync(staging) && readdirSync(staging).some((owner) => isStagingInUse(layout, owner))
  if (isInUse) throw new FolderInUse(`A server uses ${layout.root}. Stop it first: fsck needs the folder for itself.`)
}

interface Counts {
  objectCount: number
  sizeBytes: number
}

class Check {
  readonly #context: StoreContext
  readonly #options: CheckOptions
  readonly #lostAndFound: LostAndFound
  readonly #summary = { versions: 0, bytes: 0, findings: 0, repaired: 0 }

  constructor(context: StoreContext, options: CheckOptions, lostAndFound: LostAndFound) {
    this.#context = context
    this.#options = options
    this.#lostAndFound = lostAndFound
  }

  get #scanOptions(): ScanOptions {
    return { ...this.#context.adopts, signal: new AbortController().signal }
  }

  /** Buckets and objects of every folder and file. */
  async adoptFiles(): Promise<void> {
    await scanBuckets(this.#context, this.#scanOptions)
  }

  async run(): Promise<CheckSummary> {
    const { engine } = this.#context
    const buckets: string[] = []
    for await (const { key } of eachRow(engine, rowsOf('b'))) buckets.push(rowParts(key)[0] ?? '')
    for (const bucket of buckets) await this.#checkBucket(bucket)
    await this.#checkUnknownBuckets(new Set(buckets))
    for await (const { path, what } of findLeftovers(this.#context)) await this.#tellOfLeftover(path, what)
    await this.#checkRows()
    return this.#summary
  }

  async #checkBucket(bucket: string): Promise<void> {
    for (const table of ['o', 'v'] as const) {
      // What is repaired meanwhile changes the rows: a page is a view of its own.
      for await (const { key, value } of eachRow(this.#context.engine, rowsOf(table, bucket))) {
        const version = decodeVersion(rowParts(key)[1] ?? '', value)
        if (!version.isDeleteMarker) await this.#checkRecord(bucket, version)
      }
    }
    await this.#checkFolder(bucket, '')
    await this.#checkCounter(bucket)
  }

  async #checkRecord(bucket: string, version: StoredVersion): Promise<void> {
    const { repair } = this.#options
    const where = `${bucket}/${version.key}${version.versionId === 'null' ? '' : ` (version ${version.versionId})`}`
    this.#summary.versions++
    this.#summary.bytes += version.sizeBytes
    try {
      const verdict = await checkVersion(this.#context, bucket, version, { mayWrite: repair })
      if (verdict === 'right') return
      const isGone = verdict === 'missing' && version.place.kind === 'plain' && !this.#hasFolder(bucket)
      const repaired = repair && !isGone ? await this.#repairRecord(bucket, version, verdict) : undefined
      const what = isGone ? 'The folder of its bucket is missing. Put it back.' : sentences[verdict]
      this.#tell({ kind: verdict === 'moved' ? 'changed' : verdict, where, what, repair: repaired })
    } catch (error) {
      this.#tell({ kind: 'unreadable', where, what: sentenceOf(error), repair: undefined })
    }
  }

  #hasFolder(bucket: string): boolean {
    return existsSync(this.#context.layout.bucket(bucket))
  }

  async #repairRecord(bucket: string, version: StoredVersion, verdict: Verdict): Promise<string | undefined> {
    const { key, versionId, place } = version
    if (verdict === 'damaged' || verdict === 'linked') return undefined
    // Whoever finds the file again, or wants to know what it was, has the record.
    const kept = await this.#lostAndFound.keepRow({ bucket, ...version })
    if (place.kind === 'plain') {
      await findVersion(this.#context, bucket, key, undefined)
      if (verdict !== 'missing') return `The file was adopted as it is, and its record of before kept in ${kept}.`
    } else {
      const { ownerId } = version
      const record = await getBucket(this.#context, bucket)
      await deleteObject(this.#context, { bucket: record, key, versionId, ownerId, conditions: {} })
    }
    return `Its record was moved to ${kept}.`
  }

  /** Plain files without a record. */
  async #checkFolder(bucket: string, prefix: string): Promise<void> {
    const { layout } = this.#context
    const path = prefix === '' ? layout.bucket(bucket) : layout.plain(bucket, prefix.slice(0, -1))
    if (isLink(path)) return
    let entries: Dirent[] = []
    try {
      entries = await readdir(path, { withFileTypes: true })
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return
      this.#tell({ kind: 'unreadable', where: `${bucket}/${prefix}`, what: sentenceOf(error), repair: undefined })
    }
    for (const entry of entries) {
      const key = prefix + entry.name
      // That is told, and is no fault of the index.
      if (!hasUsableName(this.#context, bucket, key)) continue
      if (entry.isDirectory()) await this.#checkFolder(bucket, `${key}/`)
      else if (entry.isFile()) await this.#checkFile(bucket, key)
    }
  }

  async #checkFile(bucket: string, key: string): Promise<void> {
    if ((await this.#context.engine.get(rowKey('o', bucket, key))) !== undefined) return
    const where = `${bucket}/${key}`
    try {
      const version = this.#options.repair ? await findVersion(this.#context, bucket, key, undefined) : undefined
      const repair = version === undefined || version.isDeleteMarker ? undefined : 'It was adopted as an object.'
      this.#tell({ kind: 'unknown', where, what: 'The file has no record.', repair })
    } catch (error) {
      this.#tell({ kind: 'unreadable', where, what: sentenceOf(error), repair: undefined })
    }
  }

  async #checkUnknownBuckets(known: ReadonlySet<string>): Promise<void> {
    const { root } = this.#context.layout
    for (const entry of await readdir(root, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === systemFolder || known.has(entry.name)) continue
      if (!isBucketName(entry.name)) continue
      if (this.#options.repair) await scanBucket(this.#context, entry.name, this.#scanOptions)
      const what = 'The folder is not known as a bucket.'
      this.#tell({
        kind: 'unknown',
        where: entry.name,
        what,
        repair: this.#options.repair ? 'It was adopted as a bucket, with its files.' : undefined,
      })
    }
  }

  async #tellOfLeftover(path: string, what: string): Promise<void> {
    const sizes = await lstat(path).catch(() => undefined)
    const aside = this.#options.repair ? await this.#lostAndFound.take(path).catch(() => undefined) : undefined
    const bytes = sizes?.isFile() ? ` of ${sizes.size} bytes` : ''
    const repair = aside === undefined ? undefined : `It was set aside as ${aside}.`
    this.#tell({ kind: 'leftover', where: path, what: `A file${bytes} that no record names (${what}).`, repair })
  }

  async #checkCounter(bucket: string): Promise<void> {
    const { engine } = this.#context
    const actual = await countVersions(engine, bucket)
    const row = await engine.get(rowKey('c', bucket))
    const counted = decodeCounters(row)
    const isRight = (counted.objectCount ?? 0) === actual.objectCount && (counted.sizeBytes ?? 0) === actual.sizeBytes
    if (isRight) return
    if (this.#options.repair) {
      const value = addToCounters(undefined, { ...actual })
      await engine.commit({
        checks: [{ key: rowKey('c', bucket), is: row }],
        writes: [{ key: rowKey('c', bucket), value }],
      })
    }
    const what = `The counters say ${counted.objectCount ?? 0} versions and ${counted.sizeBytes ?? 0} bytes; there are ${actual.objectCount} and ${actual.sizeBytes}.`
    this.#tell({
      kind: 'counter',
      where: bucket,
      what,
      repair: this.#options.repair ? 'They were set right.' : undefined,
    })
  }

  async #checkRows(): Promise<void> {
    const { engine } = this.#context
    for await (const key of findDanglingRows(engine)) {
      const where = asBuffer(key).toString().replaceAll('\0', ' ')
      const repair = this.#options.repair ? await this.#removeRow(key) : undefined
      this.#tell({ kind: 'row', where, what: 'A row of the index that no version or upload needs.', repair })
    }
  }

  async #removeRow(key: Uint8Array): Promise<string> {
    const { engine } = this.#context
    const value = (await engine.get(key)) ?? new Uint8Array()
    const inBase64 = (bytes: Uint8Array) => asBuffer(bytes).toString('base64')
    const kept = await this.#lostAndFound.keepRow({ key: inBase64(key), value: inBase64(value) })
    await engine.commit({ checks: [], writes: [{ key, value: undefined }] })
    return `It was moved to ${kept}.`
  }

  #tell(finding: Finding): void {
    this.#summary.findings++
    if (finding.repair !== undefined) this.#summary.repaired++
    this.#options.onFinding(finding)
  }
}

const sentences: Record<Exclude<Verdict, 'right'>, string> = {
  missing: 'The file is missing.',
  damaged: 'The file has other bytes than were stored. Restore it from a backup, or delete the version.',
  changed: 'The file was changed by hand.',
  moved: 'The file changed while it was read.',
  linked: 'A folder of its path is a symbolic link, which is not followed.',
}

/** Only of what is wrong with a file, or with what was to be done about it: anything else ends the check. */
function sentenceOf(error: unknown): string {
  if (error instanceof ApiError || (error instanceof Error && 'code' in error)) {
    return `It cannot be read, or not be mended: ${error.message}.`
  }
  throw error
}

async function countVersions(engine: MetadataEngine, bucket: string): Promise<Counts> {
  const counts: Counts = { objectCount: 0, sizeBytes: 0 }
  for (const table of ['o', 'v'] as const) {
    for await (const { key, value } of eachRow(engine, rowsOf(table, bucket))) {
      const { isDeleteMarker, sizeBytes } = decodeVersion(rowParts(key)[1] ?? '', value)
      if (isDeleteMarker) continue
      counts.objectCount++
      counts.sizeBytes += sizeBytes
    }
  }
  return counts
}
