import type { IncomingHttpHeaders } from 'node:http'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Content } from '#store/contract.ts'

/** A request for a page. */
export interface Visit {
  readonly headers: IncomingHttpHeaders
  /** What conditions of policies may ask of it. */
  readonly facts: RequestFacts
  /** As the visitor asked for it. */
  readonly scheme: 'http' | 'https'
  readonly host: string
  /** Path and query as sent; the query with its `?`, '' if there is none. */
  readonly path: string
  readonly query: string
  /** The path, decoded. */
  readonly key: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Content
}
