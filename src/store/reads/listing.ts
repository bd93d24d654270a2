/** Pages of objects and versions. The index is sorted as S3 lists. A common prefix is skipped with one seek. */
import type { Awaitable, Bytes, Fold, KeyRange } from '#metadata/engine.ts'
import { readRows } from '#metadata/local-engine.ts'
import { rowKey, rowsAfter, rowsOf, rowsWithPrefix } from '#metadata/tables.ts'
import { decodeIds, decodeListed, decodeListedVersion } from '#metadata/version-codec.ts'
import type { StoreContext } from '#store/context.ts'
import type { ListedObject, ListedVersion, ListQuery, ObjectPage, ObjectQuery, VersionPage } from '#store/contract.ts'
import { findRecord } from './read.ts'

/** Up to this number of rows within one common prefix, reading on is cheaper than a seek. */
const rowsBeforeSeek = 16
/** Rows fetched at once: those of a page, and one more that shows whether there is another page. */
const chunkMax = 1001

/** Common prefix of a key that starts with the prefix; undefined if it has none. */
export function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at === -1 ? undefined : key.slice(0, at + delimiter.length)
}

/** The same for any key: undefined for one that is not listed under the prefix. */
export function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  return key.startsWith(prefix) ? commonPrefix(key, prefix, delimiter) : undefined
}

/** A remote engine returns one row of each common prefix, so that a page takes one round trip. */
const foldOf = (start: Bytes, delimiter: string, ignored: number): Fold | undefined =>
  delimiter === '' ? undefined : { skip: start.length, delimiter: Buffer.from(delimiter), ignored }

/** The source of a cursor's rows. */
interface Rows<Row> {
  fetch(range: KeyRange, limit: number): Awaitable<Row[]>
  /** Key in the index. */
  keyOf(row: Row): Bytes
  /** The key text of a row, for an object's key. */
  rowText(key: string): Buffer
}

/** Rows of one table in order, fetched in chunks. `skipPrefix` continues after all rows that start with it. */
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

  /**
   * The next of the fetched rows. After the last one use `fetchNext`. A wait for each row would take longer than the
   * row itself.
   */
  next(): Row | undefined {
    return this.#rows[this.#index++]
  }

  /** `wanted`: the number of rows that still fit into the page. */
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

/** An object, or the common prefix that is listed instead. */
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
    fetch: (range, rows) => readRows(context.engine, range, rows, read, foldOf(rowText(prefix), delimiter, 0)),
    keyOf: ({ key }) => rowText(key),
    rowText,
  }
  let range = rowsWithPrefix('o', `${bucket}\0${prefix}`)
  const afterPrefix = commonPrefixOf(after, prefix, delimiter)
  if (afterPrefix !== undefined && (isMarker || afterPrefix === after)) {
    range = rowsAfter(range, rowText(afterPrefix), 'prefix')
  } else if (after !== '' && Buffer.compare(rowText(after), range.start) >= 0) {
    range = rowsAfter(range, rowText(after), 'row')
  }
  const cursor = new Cursor(source, range, delimiter === '' || context.engine.isRemote ? limit + 1 : 64)
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

/** A version, or the common prefix that is listed instead. */
interface VersionRow {
  readonly key: string
  readonly order: string
  readonly common: string | undefined
  readonly version: ListedVersion['version'] | undefined
}

/** Merges current versions and version rows: the current one of a key is its newest. */
export async function listVersions(context: StoreContext, query: VersionQuery): Promise<VersionPage> {
  const { limit, keyMarker } = query
  const page = { versions: [] as ListedVersion[], commonPrefixes: [] as string[] }
  if (limit === 0) return { ...page, next: undefined }
  const markerOrder = await orderOfMarker(context, query)
  const [current, others] = versionCursors(context, query, markerOrder)
  let last: { key: string; versionId: string | undefined } = { key: '', versionId: undefined }
  let newestKey = markerOrder !== undefined && (await hasListed(context, query, markerOrder)) ? keyMarker : undefined
  let passed = 0
  let [a, b] = await Promise.all([current.fetchNext(limit + 1), others.fetchNext(limit + 1)])
  while (a !== undefined || b !== undefined) {
    const takesCurrent = a !== undefined && (b === undefined || compareKeys(a.key, b.key) <= 0)
    const { key, order, common, version } = (takesCurrent ? a : b) as VersionRow
    const isLatest = key !== newestKey
    newestKey = key
    const listed = page.versions.length + page.commonPrefixes.length
    const isBeforeMarker = key === keyMarker && markerOrder !== undefined && order <= markerOrder
    const isListed = isBeforeMarker || (common !== undefined && common === page.commonPrefixes.at(-1))
    if (isListed && common !== undefined && ++passed > rowsBeforeSeek) {
      for (const cursor of [current, others]) cursor.skipPrefix(common)
      ;[a, b] = [await current.fetchNext(), await others.fetchNext()]
      continue
    }
    if (!isListed) {
      passed = 0
      if (listed === limit) return { ...page, next: last }
      if (version !== undefined) page.versions.push({ version, isLatest })
      else if (common !== undefined) page.commonPrefixes.push(common)
      last = { key: common ?? key, versionId: version?.versionId }
    }
    if (takesCurrent) a = current.next() ?? (await current.fetchNext(limit + 1 - listed))
    else b = others.next() ?? (await others.fetchNext(limit + 1 - listed))
  }
  return { ...page, next: undefined }
}

async function orderOfMarker(context: StoreContext, query: VersionQuery): Promise<string | undefined> {
  if (query.versionIdMarker === undefined || query.versionIdMarker === '') return undefined
  const record = await findRecord(context, query.bucket, query.keyMarker, query.versionIdMarker)
  return record?.order ?? query.versionIdMarker
}

/**
 * Whether the previous page may have listed a version of the marker's key. Then the following one is not the latest.
 */
async function hasListed({ engine }: StoreContext, { bucket, keyMarker }: VersionQuery, order: string) {
  const rows = rowsOf('v', bucket, keyMarker)
  const { start: end } = rowsAfter(rows, rowKey('v', bucket, keyMarker, order), 'row')
  return (await engine.scan({ start: rows.start, end }, { limit: 1 })).length > 0
}

function versionCursors(
  context: StoreContext,
  query: VersionQuery,
  markerOrder: string | undefined,
): [current: Cursor<VersionRow>, others: Cursor<VersionRow>] {
  const { bucket, prefix, delimiter, keyMarker, limit } = query
  const keyStart = rowKey('o', bucket, '').length
  // A marker inside a common prefix means all of it.
  const markerPrefix = commonPrefixOf(keyMarker, prefix, delimiter)
  const cursorOf = (table: 'o' | 'v', after: KeyRange) => {
    const read = (keys: Buffer, start: number, end: number, value: Buffer): VersionRow => {
      const keyEnd = table === 'o' ? end : end - orderBytes - 1
      const key = keys.toString('utf8', start + keyStart, keyEnd)
      const common = commonPrefix(key, prefix, delimiter)
      const order = table === 'o' ? decodeIds(value).order : keys.toString('latin1', keyEnd + 1, end)
      return { key, order, common, version: common === undefined ? decodeListedVersion(key, value) : undefined }
    }
    const source: Rows<VersionRow> = {
      fetch: (range, rows) => readRows(context.engine, range, rows, read, fold),
      keyOf: ({ key, order }) => (table === 'o' ? rowKey('o', bucket, key) : rowKey('v', bucket, key, order)),
      rowText: (key) => rowKey(table, bucket, key),
    }
    let range = rowsWithPrefix(table, `${bucket}\0${prefix}`)
    const fold = foldOf(range.start, delimiter, table === 'o' ? 0 : orderBytes + 1)
    if (markerPrefix !== undefined) range = rowsAfter(range, rowKey(table, bucket, markerPrefix), 'prefix')
    else if (keyMarker !== '' && Buffer.compare(after.start, range.start) > 0) range = { ...after, end: range.end }
    return new Cursor(source, range, context.engine.isRemote ? limit + 1 : 128)
  }
  const current = rowKey('o', bucket, keyMarker)
  const versions = rowsOf('v', bucket, keyMarker)
  const all = { start: current, end: current }
  if (markerOrder === undefined) {
    return [cursorOf('o', rowsAfter(all, current, 'row')), cursorOf('v', { start: versions.end, end: versions.end })]
  }
  // A version after the marker may have become current since.
  return [cursorOf('o', all), cursorOf('v', rowsAfter(versions, rowKey('v', bucket, keyMarker, markerOrder), 'row'))]
}

const orderBytes = 32

/** Compares as UTF-8 sorts. In UTF-16, surrogate pairs would sort before some characters of one unit. */
function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (x === y) continue
    const isPairX = x >= 0xd800 && x <= 0xdfff
    const isPairY = y >= 0xd800 && y <= 0xdfff
    return isPairX === isPairY ? x - y : isPairX ? 1 : -1
  }
  return a.length - b.length
}
