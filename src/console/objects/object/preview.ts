/**
 * The preview of an object. The browser fetches images and sounds; text is read here, only as much as a page can show.
 */
import { buffer } from 'node:stream/consumers'
import { parseTable } from '#console/objects/folder/table.ts'
import type { Visit } from '#console/page.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { openKeys } from '#objects/encryption/open-keys.ts'
import { openObject } from '#objects/versions/open-object.ts'
import type { Store } from '#store/contract.ts'
import { streamOf } from './content.ts'
import { type FileKind, fileTypeOf } from './file-kind.ts'
import { indentJson } from './indent-json.ts'

export interface Preview {
  readonly kind: FileKind | 'empty' | 'binary' | 'damaged' | 'customer-key' | 'refused'
  readonly language: string
  readonly text?: string
  readonly rows?: readonly (readonly string[])[]
  /** There is more than is shown. */
  readonly isCut: boolean
  /** Why JSON cannot be parsed, or the visitor cannot have the bytes. */
  readonly problem?: string | undefined
}

type Place = Pick<Visit, 'actor' | 'bucket' | 'key' | 'versionId'>

const textBytesMax = 256 * 1024
const tableRowsMax = 200

export async function previewOf(store: Store, visit: Place, version: ObjectVersion): Promise<Preview> {
  const { key, sizeBytes, headers, encryption } = version
  const { kind, language } = fileTypeOf(key, headers.contentType)
  if (sizeBytes === 0) return { kind: 'empty', language, isCut: false }
  if (encryption?.method === 'SSE-C') return { kind: 'customer-key', language, isCut: false }
  const refusal = await keyRefusal(visit, version)
  if (refusal !== undefined) return { kind: 'refused', language, isCut: false, problem: refusal.message }
  if (/^(image|video|audio|pdf|archive)$/.test(kind)) return { kind, language, isCut: false }
  const isEncoded = headers.contentEncoding !== undefined && headers.contentEncoding !== 'identity'
  const text = isEncoded ? undefined : await readText(store, visit)
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

/** The error if the visitor cannot use the key of the bytes. */
async function keyRefusal(visit: Place, version: ObjectVersion): Promise<ApiError | undefined> {
  try {
    await openKeys(visit.actor, visit, version, undefined)
    return undefined
  } catch (error) {
    return refusalOf(error)
  }
}

/** Undefined if it is not text; the error if its bytes are damaged. */
async function readText(store: Store, visit: Place): Promise<string | ApiError | undefined> {
  let bytes: Buffer
  let isCut: boolean
  try {
    const opened = await openObject(store, visit.actor, visit)
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
