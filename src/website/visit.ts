import type { IncomingHttpHeaders } from 'node:http'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { VisitedAddress } from '#model/bucket/website/website-redirect.ts'
import type { Content } from '#store/contract.ts'

/** A request for a page. */
export interface Visit extends VisitedAddress {
  readonly headers: IncomingHttpHeaders
  /** The facts about the visit that conditions of policies may use. */
  readonly facts: RequestFacts
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Content
}

export const redirect = (location: string, status = 301): Answer => ({ status, headers: { location } })
