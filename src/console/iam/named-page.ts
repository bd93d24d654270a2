/** One page of a long list: names that contain the filter, sorted without regard to case. */
import type { Visit } from '#console/page.ts'

export interface NamedPage<T> {
  readonly filter: string
  readonly page: readonly T[]
  /** URL of the next page. */
  readonly next: string | undefined
}

/** Names of one `group` come before those of the next. */
export function namedPage<T extends { readonly name: string; readonly group?: number }>(
  { query, url }: Pick<Visit, 'query' | 'url'>,
  all: readonly T[],
  limit: number,
): NamedPage<T> {
  const filter = query.get('filter')?.trim().toLowerCase() ?? ''
  const after = query.get('after') ?? ''
  const found = all
    .map((one) => ({ one, place: placeOf(one) }))
    .filter(({ one, place }) => place > after && one.name.toLowerCase().includes(filter))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return {
    filter,
    page: shown.map(({ one }) => one),
    next: last === undefined || found.length <= limit ? undefined : nextHref(url, last.place),
  }
}

const placeOf = ({ name, group = 0 }: { readonly name: string; readonly group?: number }): string =>
  `${group}${name.toLowerCase()}`

function nextHref(url: string, after: string): string {
  const [path = '', query = ''] = url.split('?')
  const next = new URLSearchParams(query)
  next.delete('part')
  next.set('after', after)
  return `${path}?${next}`
}
