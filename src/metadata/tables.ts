/**
 * All rows of the index. A key is a table's letter and its parts, separated by NUL, which no part contains. So rows
 * sort by their parts, as UTF-8 bytes. The longest key, of a version row, has 2 + 63 + 1 + 1024 + 1 + 32 bytes; LMDB
 * allows 1,978.
 *
 * | row | key | value |
 * |---|---|---|
 * | bucket     | b bucket              | JSON Bucket |
 * | setting    | x bucket setting      | JSON: a setting that is not part of the bucket row (model/bucket/bucket-settings.ts) |
 * | usage      | c bucket              | counters objectCount, sizeBytes |
 * | object     | o bucket key          | current version, unless it is a delete marker (version-codec.ts) |
 * | version    | v bucket key order    | other versions and all delete markers; newest first |
 * | annotation | y setId name          | JSON StoredAnnotation of the version that names the set (store/annotations/) |
 * | its bytes  | z setId bodyId number | up to 64 KiB of an annotation |
 * | lone set   | l setId               | JSON: the set of a version that was removed, or does not exist yet; a start removes the rest of it |
 * | null       | n bucket key          | order of the null version while it is a version row |
 * | parts      | m fileId              | JSON ObjectPart[] of a multipart object |
 * | upload     | u bucket key uploadId | JSON Upload |
 * | slot size  | s uploadId            | bytes from one part's slot in the assembled file to the next |
 * | slot       | s uploadId number     | taken: bytes of this part were written to its slot |
 * | part       | p uploadId number     | JSON StoredPart |
 * | recorded   | p uploadId            | counter recorded: how often a part was recorded (store/uploads/end-of-upload.ts) |
 * | completed  | d bucket key uploadId | JSON: the answer to a repeated CompleteMultipartUpload |
 * | pending    | q bucket key order    | files that are not moved yet; in the log with the bytes of small ones (blobs/files/pending/) |
 * | folder     | f path                | mtime of a folder at its last scan |
 * | leaving    | f bucket              | JSON: when the bucket was deleted; its folder is being removed |
 * | scan       | g "scan"              | JSON: the progress of the scan for files changed by hand (store/background.ts) |
 * | time       | g "time"              | JSON: the newest time that the store has seen (store/store-time.ts) |
 * | sealed     | g "sealed"            | JSON KeyUses: the last count of the versions that each key encrypts (store/key-uses.ts) |
 * | outbox     | e bucket              | counter next: the number of events ever appended (store/changes/outbox.ts) |
 * | event      | e bucket number       | JSON ObjectEvent: changes of versions, in the order of commits |
 * | job        | g job                 | JSON JobRecord: its last run, and its cursor (jobs/record.ts) |
 * | owner      | k job "owner"         | JSON: the process that runs a job; the fence of its commits (jobs/lease.ts) |
 * | beat       | k job "beat"          | JSON: changes while the owner lives; if absent, the lease is free |
 * | asked      | k job "asked"         | exists from a start by hand until the run begins |
 * | session    | w sessionId           | JSON: a session of the console (console/session/session-store.ts) |
 * | failures   | F door name           | JSON: failed sign-ins of a name from an address (access/sign-in/shared-lockout.ts) |
 * | new key    | K session and key     | JSON: a new secret may be shown once (console/iam/keys/shown-once.ts) |
 *
 * If several nodes share the index:
 *
 * | row | key | value |
 * |---|---|---|
 * | document   | i name                | the stamp of a document such as iam.json (documents/document-text.ts) |
 * | its text   | i name "text"         | |
 * | changed    | i "changed"           | another value after each change of any document |
 * | node       | N nodeId process      | JSON NodeRow: a process of a node, and its heartbeat (nodes/node-rows.ts) |
 * | format     | g "format"            | JSON: the format that a program must know to use the rows (nodes/index-format.ts) |
 * | secret     | g "secret"            | JSON: SECRET_KEY if it is not a setting, or a proof of it (nodes/shared-secret.ts) |
 *
 * If the bytes are kept in another S3 store (blobs/upstream/rows.ts):
 *
 * | row | key | value |
 * |---|---|---|
 * | blob       | B "blob" blobId       | JSON: the pieces, in order, of a version, a part, or a staged blob |
 * | bytes      | B "bytes" pieceId     | up to 64 KiB: all of a small body, or a piece of a blob |
 * | staged     | B "staged" blobId     | belongs to no version or part yet; written before its upload begins |
 * | shared     | B "shared" pieceId    | counter more: how many further blobs use a piece |
 * | gone       | B "gone" time blobId  | belongs to no version or part any more |
 * | left       | B "left" blobId       | the pieces of a removed blob |
 * | read       | B "read" blobId readerId | JSON: the time until which a reader counts as reading it |
 * | doomed     | B "doomed" pieceId    | no blob uses it: its bytes upstream must be removed |
 * | store      | g "blobs"             | JSON: the upstream store that has the bytes (blobs/upstream/check/own-store.ts) |
 *
 * In a separate engine (.myfsio.sys/journal), so that its writes and those of objects do not wait for each other:
 *
 * | row | key | value |
 * |---|---|---|
 * | turn       | t                     | JSON { next }: the number of decisions ever written |
 * | decision   | j slot                | JSON DecisionRecord; a ring (access/records/decision-journal.ts) |
 * | turn       | t requests            | JSON { next }: the number of requests ever written |
 * | request    | r slot                | JSON RequestRecord; a ring (access/records/activity.ts) |
 * | traffic    | h second account      | counters requests, errors, bytesIn, bytesOut of 30 seconds of the last hour (access/records/traffic.ts) |
 * | use        | a day accessKeyId action resource | counter count (access/records/usage-ledger.ts) |
 */
import { asBuffer, type Bytes, type Entry, type KeyRange, type MetadataEngine } from './engine.ts'

type Table =
  | 'b'
  | 'B'
  | 'c'
  | 'x'
  | 'o'
  | 'v'
  | 'y'
  | 'z'
  | 'l'
  | 'n'
  | 'm'
  | 'u'
  | 's'
  | 'p'
  | 'd'
  | 'e'
  | 'q'
  | 'f'
  | 'g'
  | 'i'
  | 'K'
  | 'k'
  | 'N'
  | 'w'
  | 't'
  | 'j'
  | 'r'
  | 'h'
  | 'a'
  | 'F'

export const rowKey = (table: Table, ...parts: readonly string[]): Buffer =>
  Buffer.from(`${table}\0${parts.join('\0')}`)

/** All rows whose next part follows `parts`. */
export function rowsOf(table: Table, ...parts: readonly string[]): KeyRange {
  return rowsWithPrefix(table, [...parts, ''].join('\0'))
}

/** All rows of the table whose key text starts with `prefix`. No UTF-8 byte is as high as 0xff. */
export function rowsWithPrefix(table: Table, prefix: string): KeyRange {
  const start = Buffer.from(`${table}\0${prefix}`)
  return { start, end: Buffer.concat([start, Buffer.from([0xff])]) }
}

/** The same range, beginning after the row of `key`, or after all rows that start with it. */
export function rowsAfter(range: KeyRange, key: Bytes, skip: 'row' | 'prefix'): KeyRange {
  return { start: Buffer.concat([key, Buffer.from([skip === 'row' ? 0 : 0xff])]), end: range.end }
}

/** All entries of a range, in pages. Each page is a consistent view of its own. */
export async function* eachRow(
  engine: Pick<MetadataEngine, 'scan'>,
  range: KeyRange,
  limit = 500,
): AsyncGenerator<Entry> {
  for (let rest = range; ; ) {
    const page = await engine.scan(rest, { limit })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return
    rest = rowsAfter(rest, last.key, 'row')
  }
}

export function rowParts(key: Bytes): string[] {
  return asBuffer(key).toString().split('\0').slice(1)
}

/** The row of a sequence (Write's `append`) with this number. */
export const sequenceKey = (counter: Bytes, number: number): Buffer =>
  Buffer.concat([counter, Buffer.from(`\0${String(number).padStart(14, '0')}`)])

/** A part number as a text that sorts. */
export const partText = (partNumber: number): string => String(partNumber).padStart(5, '0')

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** Rows are written by this program only, so their shape is trusted. */
export function decodeJson<T>(value: Bytes): T {
  return JSON.parse(asBuffer(value).toString()) as T
}
