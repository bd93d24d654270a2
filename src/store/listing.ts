/** Pages of objects and versions. The index is sorted as S3 lists; a common prefix is passed over with one seek. */
import type { Awaitable, Bytes, Entry, KeyRange } from '#metadata/engine.ts'
import { rowKey, rowsAfter, rowsWithPrefix } from '#metadata/tables.ts'
import { decodeListed, decodeVersion } from '#metadata/version-codec.ts'
import type { StoreContext } from './context.ts'
import type { ListedObject, ListedVersion, ListQuery, ObjectPage, ObjectQuery, VersionPage } from './contract.ts'
import { findRecord } from './read.ts'

/** Rows within one common prefix that are read on before a seek is cheaper. */
const rowsBeforeSeek = 16
/** Rows fetched at once: those of a page, and the one that tells that there is more. */
const chunkMax = 1001

/** Common prefix of a key that starts with the prefix; undefined if it has none. */
export function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at === -1 ? undefined : key.slice(0, at + delimiter.length)
}

/** The same of any key: undefined for one that is not listed under the prefix. */
export function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  return key.startsWith(prefix) ? commonPrefix(key, prefix, delimiter) : undefined
}

/** How a cursor gets its rows. */
interface Rows<Row> {
  fetch(range: KeyRange, limit: number): Awaitable<Row[]>
  /** Key in the index. */
  keyOf(row: Row): Bytes
  /** The same, of an object's key. */
  rowText(key: string): Buffer
}

/** Rows of one table in order, fetched in chunks; `skipPrefix` goes on after everything that starts with it. */
class Cursor<Row> {
  readonly #source: Rows<Row>
  #range: KeyRange
  #rows: Row[] = []
  #index = 0
  #chunk: number
  #isAtEnd = false

  constructor(source: Rows<Row>, range: KeyRange, chunk: number) {
    this.#source = source
    this.#range = range
    this.#chunk = Math.min(chunk, chunkMax)
  }

  /** The next of the rows fetched; after the last of them `fetchNext` goes on. To wait for each row would take longer than the row. */
  next(): Row | undefined {
    return this.#rows[this.#index++]
  }

  /** `wanted`: how many rows the page can still take. */
  async fetchNext(wanted = chunkMax): Promise<Row | undefined> {
    if (this.#isAtEnd) return undefined
    const limit = Math.min(this.#chunk, wanted)
    this.#rows = await this.#source.fetch(this.#range, limit)
    this.#index = 0
    const last = this.#rows.at(-1)
    this.#isAtEnd = this.#rows.length < limit
    if (last === undefined) return undefined
    this.#range = rowsAfter(this.#range, this.#source.keyOf(last), 'row')
    this.#chunk = Math.min(this.#chunk * 2, chunkMax)
    return this.next()
  }

  skipPrefix(prefix: string): void {
    this.#range = rowsAfter(this.#range, this.#source.rowText(prefix), 'prefix')
    this.#rows = []
    this.#index = 0
    this.#isAtEnd = false
    this.#chunk = 32
  }
}

/** An object, or the common prefix in whose place it is listed. */
interface ObjectRow {
  readonly key: string
  readonly common: string | undefined
  readonly object: ListedObject | undefined
}

export async function listObjects(context: StoreContext, query: ObjectQuery): Promise<ObjectPage> {
  const { bucket, prefix, delimiter, limit, after, isMarker = false } = query
  const page = { objects: [], commonPrefixes: [], next: undefined } as ObjectPage & { next: string | undefined }
  if (limit === 0) return page
  const rowText = (key: string) => rowKey('o', bucket, key)
  const keyStart = rowText('').length
  const read = (keys: Buffer, start: number, end: number, value: Buffer): ObjectRow => {
    const key = keys.toString('utf8', start + keyStart, end)
    const common = commonPrefix(key, prefix, delimiter)
    return { key, common, object: common === undefined ? decodeListed(key, value) : undefined }
  }
  const source: Rows<ObjectRow> = {
    fetch: (range, rows) => context.engine.scanInPlace(range, rows, read),
    keyOf: ({ key }) => rowText(key),
    rowText,
  }
  let range = rowsWithPrefix('o', `${bucket}\0${prefix}`)
  if (after !== '' && Buffer.compare(rowText(after), range.start) >= 0) range = rowsAfter(range, rowText(after), 'row')
  const cursor = new Cursor(source, range, delimiter === '' ? limit + 1 : 64)
  const afterPrefix = commonPrefixOf(after, prefix, delimiter)
  if (afterPrefix !== undefined && (isMarker || afterPrefix === after)) cursor.skipPrefix(afterPrefix)
  let passed = 0
  let last = ''
  for (;;) {
    const listed = page.objects.length + page.commonPrefixes.length
    const row = cursor.next() ?? (await cursor.fetchNext(limit + 1 - listed))
    if (row === undefined) return page
    const { key, common, object } = row
    if (common !== undefined && common === page.commonPrefixes.at(-1)) {
      if (++passed > rowsBeforeSeek) cursor.skipPrefix(common)
      continue
    }
    passed = 0
    if (listed === limit) {
      page.next = last
      return page
    }
    if (object !== undefined) page.objects.push(object)
    else if (common !== undefined) page.commonPrefixes.push(common)
    last = common ?? key
  }
}

interface VersionQuery extends ListQuery {
  readonly keyMarker: string
  readonly versionIdMarker: string | undefined
}

/** Current versions and version rows, merged: the current one of a key is its newest. */
export async function listVersions(context: StoreContext, query: VersionQuery): Promise<VersionPage> {
  const { prefix, delimiter, limit, keyMarker } = query
  const page = { versions: [] as ListedVersion[], commonPrefixes: [] as string[] }
  if (limit === 0) return { ...page, next: undefined }
  const markerOrder = await orderOfMarker(context, query)
  // A marker inside a common prefix stands for all of it.
  const markerPrefix = commonPrefixOf(keyMarker, prefix, delimiter)
  let last: { key: string; versionId: string | undefined } = { key: '', versionId: undefined }
  const rows = mergedVersions(context, query, markerPrefix)
  for (let row = await rows.next(); row !== undefined; row = await rows.next()) {
    const { key, version, isLatest } = row
    if (key === keyMarker && (markerOrder === undefined || version.order <= markerOrder)) continue
    const common = commonPrefix(key, prefix, delimiter)
    if (common !== undefined && common === page.commonPrefixes.at(-1)) {
      rows.skipPrefix(common)
      continue
    }
    if (page.versions.length + page.commonPrefixes.length === limit) return { ...page, next: last }
    if (common === undefined) page.versions.push({ version, isLatest })
    else page.commonPrefixes.push(common)
    last = { key: common ?? key, versionId: common === undefined ? version.versionId : undefined }
  }
  return { ...page, next: undefined }
}

async function orderOfMarker(context: StoreContext, query: VersionQuery): Promise<string | undefined> {
  if (query.versionIdMarker === undefined || query.versionIdMarker === '') return undefined
  const record = await findRecord(context, query.bucket, query.keyMarker, query.versionIdMarker)
  return record?.order ?? query.versionIdMarker
}

function mergedVersions(context: StoreContext, query: VersionQuery, skip: string | undefined) {
  const { bucket, prefix, keyMarker } = query
  const cursors = (['o', 'v'] as const).map((table) => {
    const rowText = (key: string) => rowKey(table, bucket, key)
    let range = rowsWithPrefix(table, `${bucket}\0${prefix}`)
    const marker = rowText(keyMarker)
    // The marker's own rows are read again: which of them were listed depends on the version marker.
    if (keyMarker !== '' && Buffer.compare(marker, range.start) > 0) range = { start: marker, end: range.end }
    const source: Rows<Entry> = {
      fetch: (range, limit) => context.engine.scan(range, { limit }),
      keyOf: ({ key }) => key,
      rowText,
    }
    const cursor = new Cursor(source, range, 128)
    if (skip !== undefined) cursor.skipPrefix(skip)
    return cursor
  })
  const [current, others] = cursors as [Cursor<Entry>, Cursor<Entry>]
  const keyStart = rowKey('o', bucket, '').length
  let heads: [Head | undefined, Head | undefined] | undefined
  let lastKey: string | undefined
  const readCurrent = async () => headOf(current.next() ?? (await current.fetchNext()), keyStart, 0)
  const readOther = async () => headOf(others.next() ?? (await others.fetchNext()), keyStart, 33)
  return {
    async next() {
      heads ??= [await readCurrent(), await readOther()]
      const [a, b] = heads
      const takesCurrent = a !== undefined && (b === undefined || Buffer.compare(a.keyBytes, b.keyBytes) <= 0)
      const head = takesCurrent ? a : b
      if (head === undefined) return undefined
      if (takesCurrent) heads[0] = await readCurrent()
      else heads[1] = await readOther()
      const key = head.keyBytes.toString()
      const isLatest = key !== lastKey
      lastKey = key
      return { key, version: decodeVersion(key, head.row.value), isLatest }
    },
    skipPrefix(common: string) {
      for (const cursor of cursors) cursor.skipPrefix(common)
      heads = undefined
    },
  }
}

interface Head {
  readonly keyBytes: Buffer
  readonly row: Entry
}

function headOf(row: Entry | undefined, keyStart: number, tailBytes: number): Head | undefined {
  if (row === undefined) return undefined
  const bytes = row.key as Buffer
  return { keyBytes: bytes.subarray(keyStart, bytes.length - tailBytes), row }
}
