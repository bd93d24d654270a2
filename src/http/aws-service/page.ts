/** Pages of lists. The marker is the last key, so that paging continues at the right place when the list changes. */

export interface Page<T> {
  readonly items: readonly T[]
  /** The marker of the next page; undefined at the end of the list. */
  readonly next: string | undefined
}

/** `keyOf` orders the list and must be unique. */
export function pageOfList<T>(
  list: readonly T[],
  keyOf: (entry: T) => string,
  { max, marker }: { readonly max: number; readonly marker: string | undefined },
): Page<T> {
  const after = marker === undefined ? undefined : Buffer.from(marker, 'base64url').toString()
  const keyed = list.map((entry) => ({ entry, key: keyOf(entry) })).sort((one, other) => compare(one.key, other.key))
  const from = after === undefined ? 0 : keyed.findIndex(({ key }) => compare(key, after) > 0)
  const rest = from === -1 ? [] : keyed.slice(from)
  const items = rest.slice(0, max)
  const last = items.at(-1)
  const isTruncated = rest.length > items.length && last !== undefined
  return {
    items: items.map(({ entry }) => entry),
    next: isTruncated ? Buffer.from(last.key).toString('base64url') : undefined,
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
