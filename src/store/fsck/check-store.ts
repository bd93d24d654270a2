/**
 * `myfsio fsck`: compares the records of an index with the blob store while no server uses them: every record has its
 * bytes, all bytes have a record, and counters and rows are right. Without `repair` only changes by hand are adopted.
 */
import type { Finding, Inspection, Leftover, Unknown, Verdict } from '#blobs/contract/inspection.ts'
import { asBuffer, type MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { addToCounters, decodeCounters } from '#metadata/write.ts'
import { ApiError, reasonIn } from '#model/errors.ts'
import { keyNameOf } from '#model/key-uses.ts'
import { usedBytes } from '#model/object/annotation-set.ts'
import { protectionOf } from '#model/object/lock/lock.ts'
import { compareAnnotations, correctAnnotations } from '#store/annotations/check-annotations.ts'
import { getBucket } from '#store/buckets/buckets.ts'
import { deleteObject } from '#store/changes/delete.ts'
import type { StoreContext } from '#store/context.ts'
import { findVersion } from '#store/reads/read.ts'
import { storeTimeMs } from '#store/store-time.ts'
import { findDanglingRows } from './dangling-rows.ts'
import { findLostLocks, restoreLock } from './lost-locks.ts'

export interface CheckOptions {
  readonly repair: boolean
  /** A sentence about the key that encrypts a version, if the key of this name is lost. */
  readonly lostKey?: ((name: string) => string | undefined) | undefined
  readonly onFinding: (finding: Finding) => void
}

export interface CheckSummary {
  readonly versions: number
  readonly bytes: number
  readonly findings: number
  readonly repaired: number
  /** The number of versions that each key encrypts (model/key-uses.ts). */
  readonly sealed: Readonly<Record<string, number>>
}

/** Compares everything. */
export function checkStore(context: StoreContext, options: CheckOptions): Promise<CheckSummary> {
  return new Check(context, options).run()
}

interface Counts {
  objectCount: number
  sizeBytes: number
}

class Check {
  readonly #context: StoreContext
  readonly #options: CheckOptions
  readonly #summary = { versions: 0, bytes: 0, findings: 0, repaired: 0, sealed: {} as Record<string, number> }

  constructor(context: StoreContext, options: CheckOptions) {
    this.#context = context
    this.#options = options
  }

  get #inspection(): Inspection {
    return this.#context.blobs.inspection
  }

  async run(): Promise<CheckSummary> {
    const { engine } = this.#context
    await this.#checkLocks()
    const buckets: string[] = []
    for await (const { key } of eachRow(engine, rowsOf('b'))) buckets.push(rowParts(key)[0] ?? '')
    for (const bucket of buckets) await this.#checkBucket(bucket)
    await this.#checkUnknownBuckets(new Set(buckets))
    for await (const leftover of this.#inspection.leftovers()) await this.#tellOfLeftover(leftover)
    for await (const finding of this.#inspection.parts(this.#options)) this.#tell(finding)
    await this.#checkRows()
    return this.#summary
  }

  /** First: otherwise the bytes of a locked version without a record would be moved aside. */
  async #checkLocks(): Promise<void> {
    for await (const record of findLostLocks(this.#context)) {
      const { bucket, version } = record
      const where = `${bucket}/${version.key} (version ${version.versionId})`
      if (this.#options.repair) await restoreLock(this.#context, record)
      const repair = this.#options.repair ? 'Its record was restored, with its lock.' : undefined
      this.#tell({ kind: 'unknown', where, what: 'The index does not know this locked version.', repair })
    }
  }

  async #checkBucket(bucket: string): Promise<void> {
    for (const table of ['o', 'v'] as const) {
      // Repairs change rows meanwhile, so each page is a consistent view of its own.
      for await (const { key, value } of eachRow(this.#context.engine, rowsOf(table, bucket))) {
        const version = decodeVersion(rowParts(key)[1] ?? '', value)
        if (!version.isDeleteMarker) await this.#checkRecord(bucket, version)
      }
    }
    for await (const unknown of this.#inspection.unknownIn(bucket)) await this.#checkUnknown(bucket, unknown)
    await this.#checkCounter(bucket)
  }

  async #checkRecord(bucket: string, version: StoredVersion): Promise<void> {
    const { repair } = this.#options
    const where = `${bucket}/${version.key}${version.versionId === 'null' ? '' : ` (version ${version.versionId})`}`
    this.#summary.versions++
    this.#summary.bytes += version.sizeBytes
    this.#checkKey(where, version)
    if (version.annotations !== undefined) await this.#checkAnnotations(bucket, version, where)
    try {
      const verdict = await this.#inspection.compare(bucket, version, { mayWrite: repair })
      if (verdict === 'right') return
      const isLocked = protectionOf(version.lock, await storeTimeMs(this.#context)) !== undefined
      const isGone = verdict === 'missing' && this.#isAtItsKey(bucket, version) && !this.#inspection.hasBucket(bucket)
      const repaired = repair && !isGone && !isLocked ? await this.#repairRecord(bucket, version, verdict) : undefined
      const said = isGone ? 'The folder of its bucket is missing. Restore it.' : sentences[verdict]
      const what = isLocked ? `${said} The version is locked, and its record stays.` : said
      this.#tell({ kind: verdict === 'moved' ? 'changed' : verdict, where, what, repair: repaired })
    } catch (error) {
      this.#tell({ kind: 'unreadable', where, what: sentenceOf(error), repair: undefined })
    }
  }

  #checkKey(where: string, { encryption }: StoredVersion): void {
    const name = keyNameOf(encryption)
    if (name === undefined) return
    const { sealed } = this.#summary
    sealed[name] = (sealed[name] ?? 0) + 1
    const what = this.#options.lostKey?.(name)
    if (what !== undefined)
      this.#tell({ kind: 'unreadable', where, what: `It cannot be opened. ${what}`, repair: undefined })
  }

  async #checkAnnotations(bucket: string, version: StoredVersion, where: string): Promise<void> {
    const { sums, damaged } = await compareAnnotations(this.#context, version)
    for (const name of damaged) {
      const what = 'Its bytes are not those that were stored. Upload it again, or delete it.'
      this.#tell({ kind: 'damaged', where: `${where}, annotation ${name}`, what, repair: undefined })
    }
    const { count = 0, sizeBytes = 0 } = version.annotations ?? {}
    if (sums.count === count && sums.sizeBytes === sizeBytes) return
    const repair = this.#options.repair ? await correctAnnotations(this.#context, bucket, version, sums) : undefined
    const what = `Its record says ${count} annotations of ${sizeBytes} bytes; there are ${sums.count} of ${sums.sizeBytes}.`
    this.#tell({ kind: 'counter', where, what, repair })
  }

  #isAtItsKey(bucket: string, version: StoredVersion): boolean {
    return this.#context.blobs.whereabouts(bucket, version)?.kind === 'plain'
  }

  async #repairRecord(bucket: string, version: StoredVersion, verdict: Verdict): Promise<string | undefined> {
    const { key, versionId } = version
    if (verdict === 'damaged' || verdict === 'linked') return undefined
    // The record is kept in case the file is found again.
    const kept = await this.#inspection.keepRow({ bucket, ...version })
    if (this.#isAtItsKey(bucket, version)) {
      await findVersion(this.#context, bucket, key, undefined)
      if (verdict !== 'missing') return `The file was adopted, and its previous record was kept in ${kept}.`
    } else {
      const { ownerId } = version
      const record = await getBucket(this.#context, bucket)
      await deleteObject(this.#context, { bucket: record, key, versionId, ownerId, conditions: {} })
    }
    return `Its record was moved to ${kept}.`
  }

  async #checkUnknown(bucket: string, { key, error: problem }: Unknown): Promise<void> {
    const where = `${bucket}/${key}`
    try {
      if (problem !== undefined) throw problem
      const version = this.#options.repair ? await findVersion(this.#context, bucket, key, undefined) : undefined
      const repair = version === undefined || version.isDeleteMarker ? undefined : 'It was adopted as an object.'
      this.#tell({ kind: 'unknown', where, what: 'The file has no record.', repair })
    } catch (error) {
      this.#tell({ kind: 'unreadable', where, what: sentenceOf(error), repair: undefined })
    }
  }

  async #checkUnknownBuckets(known: ReadonlySet<string>): Promise<void> {
    const { repair } = this.#options
    for (const where of await this.#inspection.unknownBuckets(known)) {
      if (repair) await this.#context.blobs.byHand?.scanBucket(where)
      const repaired = repair ? 'It was adopted as a bucket, with its files.' : undefined
      this.#tell({ kind: 'unknown', where, what: 'The folder is not known as a bucket.', repair: repaired })
    }
  }

  async #tellOfLeftover(leftover: Leftover): Promise<void> {
    const { path, what, sizeBytes } = leftover
    const aside = this.#options.repair ? await this.#inspection.setAside(leftover) : undefined
    const bytes = sizeBytes === undefined ? '' : ` of ${sizeBytes} bytes`
    const repair = aside === undefined ? undefined : `It was moved to ${aside}.`
    this.#tell({ kind: 'leftover', where: path, what: `A file${bytes} without a record (${what}).`, repair })
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
      repair: this.#options.repair ? 'They were corrected.' : undefined,
    })
  }

  async #checkRows(): Promise<void> {
    const { engine } = this.#context
    for await (const key of findDanglingRows(engine)) {
      const where = asBuffer(key).toString().replaceAll('\0', ' ')
      const repair = this.#options.repair ? await this.#removeRow(key) : undefined
      this.#tell({ kind: 'row', where, what: 'A row of the index that belongs to no version or upload.', repair })
    }
  }

  async #removeRow(key: Uint8Array): Promise<string> {
    const { engine } = this.#context
    const value = (await engine.get(key)) ?? new Uint8Array()
    const inBase64 = (bytes: Uint8Array) => asBuffer(bytes).toString('base64')
    const kept = await this.#inspection.keepRow({ key: inBase64(key), value: inBase64(value) })
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

/** Only for errors of one file or of its repair. Any other error ends the check. */
function sentenceOf(error: unknown): string {
  if (error instanceof ApiError || (error instanceof Error && 'code' in error)) {
    return `It cannot be read or repaired: ${reasonIn(error).replace(/\.$/, '')}.`
  }
  throw error
}

async function countVersions(engine: MetadataEngine, bucket: string): Promise<Counts> {
  const counts: Counts = { objectCount: 0, sizeBytes: 0 }
  for (const table of ['o', 'v'] as const) {
    for await (const { key, value } of eachRow(engine, rowsOf(table, bucket))) {
      const version = decodeVersion(rowParts(key)[1] ?? '', value)
      if (version.isDeleteMarker) continue
      counts.objectCount++
      counts.sizeBytes += usedBytes(version)
    }
  }
  return counts
}
