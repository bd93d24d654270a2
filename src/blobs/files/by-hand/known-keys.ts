import type { MetadataEngine } from '#metadata/engine.ts'
import { rowKey, rowParts, rowsAfter, rowsWithPrefix } from '#metadata/tables.ts'

/**
 * Pages of the bucket's keys with a current version, in order. With a delimiter, only keys without it after the prefix.
 */
export async function* knownKeys(
  engine: MetadataEngine,
  bucket: string,
  prefix: string,
  delimiter: '' | '/',
): AsyncGenerator<string[]> {
  // Keys with a delimiter are read but not returned: smaller pages skip them with less reading.
  const limit = delimiter === '' ? 1000 : 64
  let range = rowsWithPrefix('o', `${bucket}\0${prefix}`)
  for (;;) {
    const rows = await engine.scan(range, { limit })
    const keys = rows.map(({ key }) => rowParts(key)[1] ?? '')
    const delimited = delimiter === '' ? -1 : keys.findIndex((key) => key.includes(delimiter, prefix.length))
    yield delimited === -1 ? keys : keys.slice(0, delimited)
    const last = rows.at(-1)
    if (delimited !== -1) {
      const key = keys[delimited] ?? ''
      const common = key.slice(0, key.indexOf(delimiter, prefix.length) + 1)
      range = rowsAfter(range, rowKey('o', bucket, common), 'prefix')
    } else if (last === undefined || rows.length < limit) return
    else range = rowsAfter(range, last.key, 'row')
  }
}
