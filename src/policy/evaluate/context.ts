/**
 * The condition keys of one request: those from the edge, and those that follow from the requester, the resource and
 * the clock.
 */

import type { RequesterType } from '#policy/requester.ts'
import type { AccessRequest } from './access-request.ts'

type Values = string | readonly string[] | undefined

export interface RequestContext {
  /** Undefined if the request has no such key. */
  values(key: string): Values
  /** The value if there is exactly one: the value of a policy variable. */
  single(key: string): string | undefined
}

export function contextOf(request: AccessRequest): RequestContext {
  let second: string | undefined
  const now = () => {
    second ??= isoSecond(request.clock.nowMs())
    return second
  }
  // Many statements use few keys: each is computed once a request.
  let known: Map<string, Values> | undefined
  const values = (key: string): Values => {
    known ??= new Map()
    let value = known.get(key)
    if (value === undefined && !known.has(key)) {
      value = request.context(key) ?? derivedValue(request, key, now)
      known.set(key, value)
    }
    return value
  }
  return {
    values,
    single(key) {
      const value = values(key)
      if (value === undefined || typeof value === 'string') return value
      return value.length === 1 ? value[0] : undefined
    },
  }
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
function derivedValue(request: AccessRequest, key: string, now: () => string): string | undefined {
  const { principal } = request
  switch (key) {
    case 'aws:currenttime':
      return now()
    case 'aws:epochtime':
      return String(Date.parse(now()) / 1000)
    case 'aws:principaltype':
      return principalTypes[principal.type]
    case 'aws:principalarn':
      return principal.type === 'assumed-role' ? principal.issuerArn : principal.arn || undefined
    case 'aws:principalaccount':
      return principal.account || undefined
    case 'aws:viaawsservice':
      return 'false'
    case 'aws:principalisawsservice':
      return String(principal.type === 'service')
    case 'aws:userid':
      return principal.userId || undefined
    case 'aws:username':
      return principal.userName
    case 'aws:resourceaccount':
    case 's3:resourceaccount':
      return request.resourceAccount || undefined
    default:
      if (key.startsWith('aws:principaltag/')) return tagOf(principal.tags, key.slice('aws:principaltag/'.length))
      return principal.session === undefined ? undefined : ownValue(principal.session, key)
  }
}

const principalTypes: Readonly<Record<RequesterType, string>> = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  'assumed-role': 'AssumedRole',
  'federated-user': 'FederatedUser',
  'web-identity': 'FederatedUser',
  service: 'Service',
  anonymous: 'Anonymous',
}

/** Tags of IAM are case-insensitive, and keys of an entity never differ in case only. */
function tagOf(tags: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  if (tags === undefined) return undefined
  const lower = name.toLowerCase()
  return ownValue(tags, name) ?? Object.entries(tags).find(([key]) => key.toLowerCase() === lower)?.[1]
}

function ownValue(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

let lastSecond = 0
let lastText = ''

/** Dates in policies have whole seconds, so one text serves all requests of a second. */
function isoSecond(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  }
  return lastText
}
