/**
 * Checks the parts of unfinished uploads: each record must have its bytes, and each file in an upload's folder a
 * record. Only while no server uses the folder: a part that is being received has no record yet.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from '#blobs/contract/inspection.ts'
import type { SealedPart } from '#blobs/contract/kept-bytes.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import type { PartPlace } from '#blobs/files/staging/assemble.ts'
import { hasCode } from '#lib/system/error-code.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, eachRow, partText, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import type { UploadedPart } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { digestStretch } from './file-digests.ts'
import type { LostAndFound } from './lost-and-found.ts'

type StoredPart = UploadedPart & { readonly at: PartPlace & Partial<SealedPart> }

interface CheckedUpload {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
}

interface Checked {
  readonly engine: MetadataEngine
  readonly layout: Layout
}

/** `aside`: where wrong files are moved; undefined: they are only reported. */
export async function* checkUploads(context: Checked, aside: LostAndFound | undefined): AsyncGenerator<Finding> {
  for await (const { key: row } of eachRow(context.engine, rowsOf('u'))) {
    const [bucket = '', key = '', uploadId = ''] = rowParts(row)
    const files = new Set(['data'])
    for await (const { value } of eachRow(context.engine, rowsOf('p', uploadId))) {
      const part = decodeJson<StoredPart>(value)
      if ('file' in part.at) files.add(part.at.file)
      const finding = await checkPart(context, { bucket, key, uploadId }, part, aside)
      if (finding !== undefined) yield finding
    }
    yield* findUnknownFiles(context.layout.upload(uploadId), files, aside)
  }
}

async function checkPart(
  context: Checked,
  upload: CheckedUpload,
  part: StoredPart,
  aside: LostAndFound | undefined,
): Promise<Finding | undefined> {
  const { bucket, key, uploadId } = upload
  const where = `${bucket}/${key} (part ${part.partNumber} of the upload ${uploadId})`
  const { path, start } = placeOf(context.layout, uploadId, part)
  try {
    const verdict = await compare(path, start, part)
    if (verdict === 'right') return undefined
    const repair = aside === undefined ? undefined : await setAside(context, upload, part, verdict, aside)
    return { kind: verdict, where, what: sentences[verdict], repair }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return { kind: 'unreadable', where, what: `It cannot be read: ${error.message}.`, repair: undefined }
  }
}

function placeOf(
  layout: Layout,
  uploadId: string,
  { at }: StoredPart,
): { readonly path: string; readonly start: number } {
  return 'offset' in at
    ? { path: layout.assembled(uploadId), start: at.offset }
    : { path: join(layout.upload(uploadId), at.file), start: 0 }
}

async function compare(path: string, start: number, part: StoredPart): Promise<'right' | 'missing' | 'damaged'> {
  const { etag } = part
  const { sizeBytes, crc64nvme } = part.at.sealed ?? part
  // Parts written by older releases have an MD5 only.
  const algorithm: ChecksumAlgorithm = crc64nvme === '' || crc64nvme === undefined ? 'MD5' : 'CRC64NVME'
  const digest = await digestStretch(path, start, sizeBytes, algorithm)
  if (digest === undefined) return 'missing'
  const isRight = algorithm === 'MD5' ? digest.toString('hex') === etag : digest.toString('base64') === crc64nvme
  return isRight ? 'right' : 'damaged'
}

/** The length of the bytes on disk: for an encrypted part it differs from the part's size. */
const keptBytesOf = ({ at, sizeBytes }: StoredPart): number => (at.sealed ?? { sizeBytes }).sizeBytes

/** Moves a bad part away, so that the client can send it again: the upload could not be completed with it. */
async function setAside(
  { engine, layout }: Checked,
  { bucket, key, uploadId }: CheckedUpload,
  part: StoredPart,
  verdict: 'missing' | 'damaged',
  aside: LostAndFound,
): Promise<string> {
  const { path, start } = placeOf(layout, uploadId, part)
  const text = partText(part.partNumber)
  const kept = await aside.keepRow({ bucket, key, uploadId, ...part })
  let where = ''
  if (verdict === 'damaged') {
    where =
      'file' in part.at ? await aside.take(path) : await aside.copy(path, start, keptBytesOf(part), `part-${text}`)
  }
  const rows = [rowKey('p', uploadId, text), ...('offset' in part.at ? [rowKey('s', uploadId, text)] : [])]
  await engine.commit({ checks: [], writes: rows.map((row) => ({ key: row, value: undefined })) })
  const bytes = where === '' ? '' : `, its bytes to ${where}`
  return `Its record was moved to ${kept}${bytes}: the part can be uploaded again.`
}

async function* findUnknownFiles(
  folder: string,
  known: ReadonlySet<string>,
  aside: LostAndFound | undefined,
): AsyncGenerator<Finding> {
  const names = await readdir(folder).catch((error: unknown) => {
    // The folder is created with the first part.
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  for (const name of names) {
    if (known.has(name)) continue
    const path = join(folder, name)
    const { size } = await stat(path)
    const repair = aside === undefined ? undefined : `It was set aside as ${await aside.take(path)}.`
    yield { kind: 'leftover', where: path, what: `A file of ${size} bytes that no part names (upload).`, repair }
  }
}

const sentences = {
  missing: 'The bytes of the part are missing.',
  damaged: 'The part has other bytes than were stored.',
} as const
