/**
 * Matches requests to the rows of operations.ts. A route is a method, an address, and markers:
 *   `?cors`         a subresource: the name is present, whatever its value
 *   `?uploadId=`    the same, written so where a value is expected
 *   `?list-type=2`  exactly this value
 *   `[header]`      the header is present
 *   `(partNumber)`  no marker: a parameter this row understands, though for others it is a subresource
 * Among the rows whose markers are all present the one with the most wins, so the order of rows never matters.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '#model/errors.ts'
import { type Address, type AddressKind, kindOf } from './request/address.ts'

interface Route<Row> {
  readonly row: Row
  readonly method: string
  readonly kind: AddressKind
  readonly query: readonly { readonly name: string; readonly value: string | undefined }[]
  readonly headers: readonly string[]
  readonly understood: ReadonlySet<string>
}

export interface Asked {
  readonly method: string
  readonly address: Address
  readonly headers: IncomingHttpHeaders
}

/** Throws at start-up for equal routes and for unreadable ones. */
export function createMatcher<Row extends { readonly name: string; readonly route: string }>(
  rows: readonly Row[],
): (asked: Asked) => Row {
  const routes = rows.map((row) => parseRoute(row))
  refuseEqual(routes)
  const candidates = new Map<string, Route<Row>[]>()
  const candidatesWithoutQuery = new Map<string, Route<Row>[]>()
  const byMarkers = (one: Route<Row>, other: Route<Row>) => weight(other) - weight(one)
  for (const route of [...routes].sort(byMarkers)) {
    add(candidates, `${route.method} ${route.kind}`, route)
    if (route.query.length === 0) add(candidatesWithoutQuery, `${route.method} ${route.kind}`, route)
  }
  const subresources = new Set(routes.flatMap((route) => route.query.map(({ name }) => name)))
  subresources.delete('x-id')
  subresources.delete('id')

  return (asked) => {
    const { query } = asked.address
    const place = `${asked.method} ${kindOf(asked.address)}`
    if (query.size === 0) {
      for (const route of candidatesWithoutQuery.get(place) ?? [])
        if (hasHeaders(route, asked.headers)) return route.row
      throw methodNotAllowed(asked, routes)
    }
    const present = (candidates.get(place) ?? []).filter((route) => isPresent(route, asked))
    const winner = present[0]
    const stray = [...query.keys()].find((name) => subresources.has(name) && !winner?.understood.has(name))
    if (stray !== undefined) throw refuseSubresource(stray, asked, present, routes)
    if (winner === undefined) throw methodNotAllowed(asked, routes)
    return winner.row
  }
}

function add<Row>(map: Map<string, Route<Row>[]>, place: string, route: Route<Row>): void {
  const existing = map.get(place)
  if (existing === undefined) map.set(place, [route])
  else existing.push(route)
}

function parseRoute<Row extends { readonly route: string }>(row: Row): Route<Row> {
  const [method, kind, ...markers] = row.route.split(' ')
  if (method === undefined || (kind !== 'service' && kind !== 'bucket' && kind !== 'object' && kind !== 'tags'))
    throw unreadable(row.route)
  const query: { name: string; value: string | undefined }[] = []
  const headers: string[] = []
  const understood = new Set<string>()
  for (const marker of markers) {
    const parts = /^\?([^=]+)(?:=(.*))?$|^\[(.+)\]$|^\((.+)\)$/.exec(marker)
    if (parts === null) throw unreadable(row.route)
    const [, name, value, header, parameter] = parts
    if (name !== undefined) query.push({ name, value: value === '' ? undefined : value })
    if (header !== undefined) headers.push(header)
    const known = name ?? parameter
    if (known !== undefined) understood.add(known)
  }
  return { row, method, kind, query, headers, understood }
}

const unreadable = (route: string) => new Error(`Unreadable route: ${route}`)

const weight = <Row>(route: Route<Row>) => route.query.length + route.headers.length

function refuseEqual<Row extends { readonly name: string }>(routes: readonly Route<Row>[]): void {
  const seen = new Map<string, string>()
  for (const { row, method, kind, query, headers } of routes) {
    const markers = [...query.map(({ name, value }) => `?${name}=${value ?? ''}`), ...headers].sort()
    const identity = [method, kind, ...markers].join(' ')
    const other = seen.get(identity)
    if (other !== undefined) throw new Error(`${row.name} and ${other} have the same route: ${identity}`)
    seen.set(identity, row.name)
  }
}

function hasHeaders<Row>(route: Route<Row>, headers: IncomingHttpHeaders): boolean {
  for (const name of route.headers) if (headers[name] === undefined) return false
  return true
}

function isPresent<Row>(route: Route<Row>, { address, headers }: Asked): boolean {
  for (const { name, value } of route.query) {
    const given = address.query.get(name)
    if (given === undefined || (value !== undefined && given !== value)) return false
  }
  return hasHeaders(route, headers)
}

function refuseSubresource<Row>(
  stray: string,
  asked: Asked,
  present: readonly Route<Row>[],
  routes: readonly Route<Row>[],
): ApiError {
  const kind = kindOf(asked.address)
  const others = routes.filter((route) => route.kind === kind && route.query.some(({ name }) => name === stray))
  const argument = { ArgumentName: 'ResourceType', ArgumentValue: stray }
  if (others.length === 0) {
    const what = kind === 'object' ? 'a key' : `a ${kind}`
    return new ApiError('InvalidArgument', {
      message: `There is no such thing as the ?${stray} sub-resource for ${what}`,
      fields: argument,
    })
  }
  if (!others.some((route) => route.method === asked.method)) return methodNotAllowed(asked, others)
  const rival = present[0]?.query[0]?.name
  if (rival === undefined) return new ApiError('InvalidArgument', { fields: argument })
  return new ApiError('InvalidArgument', {
    message: `Conflicting query string parameters: ${rival}, ${stray}`,
    fields: argument,
  })
}

function methodNotAllowed<Row>(asked: Asked, routes: readonly Route<Row>[]): ApiError {
  const kind = kindOf(asked.address)
  const allowed = routes.filter(
    (route) => route.kind === kind && route.query.every(({ name }) => asked.address.query.has(name)),
  )
  const methods = [...new Set(allowed.map(({ method }) => method))].sort()
  return new ApiError('MethodNotAllowed', {
    fields: { Method: asked.method, ResourceType: kind.toUpperCase() },
    headers: methods.length > 0 ? { allow: methods.join(', ') } : {},
  })
}
