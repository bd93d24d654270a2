import { decodeJson, rowKey, rowParts, rowsAfter, rowsOf, rowsWithPrefix } from '#metadata/tables.ts'
import { ApiError } from '#model/errors.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { StoreContext } from '#store/context.ts'
import type { ListQuery, UploadPage } from '#store/contract.ts'
import { commonPrefix } from '#store/reads/listing.ts'
import { isUploadId } from './uploads.ts'

export async function listUploads(
  context: StoreContext,
  query: ListQuery & { keyMarker: string; uploadIdMarker: string },
): Promise<UploadPage> {
  const { bucket, prefix, delimiter, limit, keyMarker, uploadIdMarker } = query
  const page = { uploads: [] as Upload[], commonPrefixes: [] as string[] }
  let last = { key: '', uploadId: '' }
  if (uploadIdMarker !== '') await assertUploadIdMarker(context, bucket, keyMarker, uploadIdMarker)
  if (limit === 0) return { ...page, last, next: undefined }
  let range = rowsWithPrefix('u', `${bucket}\0${prefix}`)
  if (keyMarker !== '') {
    const after = rowKey('u', bucket, keyMarker, uploadIdMarker)
    if (Buffer.compare(after, range.start) > 0) range = { start: after, end: range.end }
  }
  for (;;) {
    const rows = await context.engine.scan(range, { limit: 1000 })
    for (const { key: row, value } of rows) {
      const [, key = '', uploadId = ''] = rowParts(row)
      if (key === keyMarker && (uploadIdMarker === '' || uploadId <= uploadIdMarker)) continue
      const common = commonPrefix(key, prefix, delimiter)
      // A marker inside a common prefix means all of it.
      if (common !== undefined && (common === page.commonPrefixes.at(-1) || keyMarker.startsWith(common))) continue
      if (page.uploads.length + page.commonPrefixes.length === limit) return { ...page, last, next: last }
      if (common === undefined) page.uploads.push(decodeJson<Upload>(value))
      else page.commonPrefixes.push(common)
      last = { key: common ?? key, uploadId: common === undefined ? uploadId : '' }
    }
    const lastRow = rows.at(-1)
    if (lastRow === undefined) return { ...page, last, next: undefined }
    range = rowsAfter(range, lastRow.key, 'row')
  }
}

/**
 * InvalidArgument if the marker is not an upload id, or belongs to an upload to another key. The upload may have ended
 * meanwhile: the next page still starts after it.
 */
async function assertUploadIdMarker(context: StoreContext, bucket: string, key: string, uploadId: string) {
  const invalid = () =>
    new ApiError('InvalidArgument', {
      message: 'Invalid uploadId marker',
      fields: { ArgumentName: 'upload-id-marker', ArgumentValue: uploadId },
    })
  if (!isUploadId(uploadId)) throw invalid()
  for (const table of ['u', 'd'] as const) {
    if ((await context.engine.get(rowKey(table, bucket, key, uploadId))) !== undefined) return
  }
  for (const table of ['u', 'd'] as const) {
    for (let range = rowsOf(table, bucket); ; ) {
      const rows = await context.engine.scan(range, { limit: 1000 })
      if (rows.some(({ key: row }) => rowParts(row)[2] === uploadId)) throw invalid()
      const last = rows.at(-1)
      if (last === undefined) break
      range = rowsAfter(range, last.key, 'row')
    }
  }
}
