import type { Exclusive } from '#metadata/local-engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'

export interface Located {
  readonly row: Buffer
  readonly version: StoredVersion
}

/** The version of a key with this order, current or older, and its row. */
export function locate(view: Pick<Exclusive, 'get'>, bucket: string, key: string, order: string): Located | undefined {
  const current = rowKey('o', bucket, key)
  const currentValue = view.get(current)
  if (currentValue !== undefined) {
    const version = decodeVersion(key, currentValue)
    if (version.order === order) return { row: current, version }
  }
  const other = rowKey('v', bucket, key, order)
  const otherValue = view.get(other)
  return otherValue === undefined ? undefined : { row: other, version: decodeVersion(key, otherValue) }
}
