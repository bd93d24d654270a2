/**
 * The preview of an object. The browser fetches images and sounds; text is read here, only as much as a page can show.
 */
import { buffer } from 'node:stream/consumers'
import { parseTable } from '#console/objects/folder/table.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Store } from '#store/contract.ts'
import { streamOf } from './content.ts'
import { type FileKind, fileTypeOf } from './file-kind.ts'
import { indentJson } from './indent-json.ts'

export interface Preview {
  readonly kind: FileKind | 'empty' | 'binary' | 'damaged'
  readonly language: string
  readonly text?: string
  readonly rows?: readonly (readonly string[])[]
  /** There is more than is shown. */
  readonly isCut: boolean
  /** Why JSON cannot be parsed. */
  readonly problem?: string | undefined
}

const textBytesMax = 256 * 1024
const tableRowsMax = 200

export async function previewOf(
  store: Store,
  bucket: string,
  version: ObjectVersion,
  versionId: string | undefined,
): Promise<Preview> {
  const { key, sizeBytes, headers } = version
  const { kind, language } = fileTypeOf(key, headers.contentType)
  if (sizeBytes === 0) return { kind: 'empty', language, isCut: false }
  if (/^(image|video|audio|pdf|archive)$/.test(kind)) return { kind, language, isCut: false }
  const isEncoded = headers.contentEncoding !== undefined && headers.contentEncoding !== 'identity'
  const text = isEncoded ? undefined : await readText(store, bucket, key, versionId)
  if (text instanceof ApiError) return { kind: 'damaged', language: '', isCut: false }
  if (text === undefined) return { kind: 'binary', language: '', isCut: false }
  const isCut = sizeBytes > textBytesMax
  if (kind === 'table') {
    const rows = parseTable(text, /\.tsv$/i.test(key) ? '\t' : ',', tableRowsMax + 1)
    return { kind, language, rows: rows.slice(0, tableRowsMax), isCut: isCut || rows.length > tableRowsMax }
  }
  if (kind === 'json' && !isCut) {
    const { text: indented, problem, isIndented } = indentJson(text)
    return { kind: isIndented ? 'json' : 'code', language, text: indented, isCut, problem }
  }
  return { kind: kind === 'other' ? 'text' : kind, language, text, isCut }
}

/** Undefined if it is no text; the error if its bytes are damaged. */
async function readText(
  store: Store,
  bucket: string,
  key: string,
  versionId: string | undefined,
): Promise<string | ApiError | undefined> {
  let bytes: Buffer
  let isCut: boolean
  try {
    const opened = await store.openObject(bucket, key, versionId)
    const end = Math.min(opened.version.sizeBytes, textBytesMax)
    isCut = end < opened.version.sizeBytes
    bytes = await buffer(streamOf(opened.content(0, end)))
  } catch (error) {
    if (error instanceof ApiError && error.fields.Reason !== undefined) return error
    throw error
  }
  if (bytes.includes(0)) return undefined
  try {
    // A character may be cut at the end.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut })
  } catch {
    return undefined
  }
}
