/**
 * An object's bytes. Anyone may have written them, so they never become a page of the console: the sandbox removes
 * scripts, forms and the origin, and only types on the list are shown inline.
 */
import { Readable } from 'node:stream'
import { nameOf } from '#console/objects/folder/folder.ts'
import type { Page } from '#console/page.ts'
import { parseRange, rangeToServe } from '#model/object/range.ts'
import { openObject } from '#objects/versions/open-object.ts'
import type { Content } from '#store/contract.ts'
import { fileTypeOf } from './file-kind.ts'

export const untrusted = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'private, no-cache, no-transform',
} as const

export const sendContent: Page = async (visit, { store }) => {
  const { key, query, headers } = visit
  const opened = await openObject(store, visit.actor, visit)
  try {
    const { version } = opened
    const { inlineType } = fileTypeOf(key, version.headers.contentType)
    const isInline = inlineType !== undefined && query.get('download') === null
    const range = parseRange(rangeToServe(headers, version), version.sizeBytes)
    const { start, end } = range ?? { start: 0, end: version.sizeBytes }
    return {
      status: range === undefined ? 200 : 206,
      content: opened.content(start, end),
      headers: {
        ...untrusted,
        'content-type': isInline ? inlineType : 'application/octet-stream',
        'content-disposition': isInline ? 'inline' : attachment(nameOf(key)),
        'content-length': String(end - start),
        'accept-ranges': 'bytes',
        etag: `"${version.etag}"`,
        'last-modified': new Date(version.modifiedAtMs).toUTCString(),
        ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${version.sizeBytes}` }),
      },
    }
  } catch (error) {
    opened.close()
    throw error
  }
}

/** The bytes as a stream, which closes the file at its end or when it is destroyed. */
export function streamOf(content: Content): Readable {
  if (Buffer.isBuffer(content)) return Readable.from([content], { objectMode: false })
  return Readable.from(content.pieces(), { objectMode: false }).once('close', () => content.close())
}

/** RFC 6266, with a fallback name for clients without RFC 8187. */
export function attachment(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\/]/g, '_') || 'download'
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16)}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
