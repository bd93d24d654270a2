/**
 * Condition keys of an S3 request, read only when a condition asks. Keys of S3 exist only for actions that understand
 * them: otherwise a query parameter without meaning for the operation could satisfy a condition.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */

import type { ClientAddress } from '#access/caller/client-address.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Clock } from '#lib/clock.ts'
import { signedRegionOf } from '#model/bucket/bucket-region.ts'
import { decodeCopySource } from '#model/object/copy-source.ts'
import { type NamedTags, parseTagQuery } from '#model/tags.ts'
import { actions, isSaidInVain, understandsKey } from '#policy/actions.ts'
import type { ContextLookup } from '#policy/evaluate/access-request.ts'
import { parseTimestamp } from '#signature/credentials.ts'
import { ObjectNeeded } from './objects/object-needed.ts'
import type { Resource } from './resource.ts'

type Values = ReturnType<ContextLookup>

export interface ContextOptions {
  readonly clientAddress: ClientAddress
  readonly region: string
  readonly clock: Clock
}

export function createContext(
  { clientAddress, region, clock }: ContextOptions,
  facts: RequestFacts,
  action: string,
  resource: Resource,
): ContextLookup {
  return (key) => {
    const told = facts.keys !== undefined && Object.hasOwn(facts.keys, key) ? facts.keys[key] : undefined
    if (told !== undefined) return isSaidInVain(actions.get(action.toLowerCase()), key) ? undefined : told
    switch (key) {
      case 'aws:sourceip':
        return clientAddress.address(facts)
      case 'aws:securetransport':
        return String(clientAddress.isSecure(facts))
      case 'aws:useragent':
        return facts.headers['user-agent']
      case 'aws:referer':
        return facts.headers.referer
      case 'aws:requestedregion':
        return resource.bucket?.region === undefined ? region : signedRegionOf(resource.bucket.region)
      default:
        if (/^(aws:resource|s3:bucket)tag\//.test(key)) return bucketTag(key, resource)
        return key.startsWith('s3:') && isUnderstood(action, key)
          ? s3Value(key.slice(3), facts, resource, clock)
          : undefined
    }
  }
}

function isUnderstood(action: string, key: string): boolean {
  const row = actions.get(action.toLowerCase())
  return row !== undefined && understandsKey(row, key)
}

function s3Value(key: string, facts: RequestFacts, resource: Resource, clock: Clock): Values {
  const { headers, query, caller } = facts
  switch (key) {
    case 'prefix':
    case 'delimiter':
    case 'max-keys':
    case 'annotation-prefix':
    case 'max-annotation-results':
      return query.get(key)
    case 'versionid':
      return query.get('versionId')
    case 'authtype':
      return authTypes[caller.via]
    case 'signatureversion':
      return caller.signature?.version
    case 'signatureage':
      return signatureAge(facts, clock)
    case 'tlsversion':
      return /^TLSv(\d(?:\.\d)?)$/.exec(facts.socket.getProtocol?.() ?? '')?.[1]
    case 'if-match':
    case 'if-none-match':
      return headers[key]
    case 'x-amz-copy-source':
      return copySource(headers[key])
    case 'x-amz-content-sha256':
      return headers[key] ?? payloadOfUrl(facts)
    case 'objectcreationoperation':
      // Parts and new uploads create no object yet.
      return String(!query.has('uploads') && !(query.has('uploadId') && facts.method === 'PUT'))
    case 'object-lock-mode':
    case 'object-lock-retain-until-date':
    case 'object-lock-legal-hold':
    case 'object-lock-event-hold':
      return headers[`x-amz-${key}`]
    case 'object-lock-remaining-retention-days':
      return remainingDays(headers['x-amz-object-lock-retain-until-date'], clock)
    case 'object-lock-event-hold-duration-days':
      return holdDays(headers)
    case 'requestobjecttagkeys':
      return requestedTags(facts)?.map(([name]) => name)
    default:
      if (!key.startsWith('x-amz-')) return tagValue(key, facts, resource)
      return query.has('uploadId') && key.startsWith(encryptionPrefix) ? ofUpload(key, resource) : headers[key]
  }
}

const encryptionPrefix = 'x-amz-server-side-encryption'

/** A request about parts does not say how they are encrypted. The request that created their upload did. */
function ofUpload(key: string, { object }: Resource): string | undefined {
  if (object === undefined) throw new ObjectNeeded()
  const { method, keyArn } = object?.encryption ?? {}
  if (key === `${encryptionPrefix}-aws-kms-key-id`) return keyArn
  const isOfCustomer = method === 'SSE-C'
  if (key === encryptionPrefix) return isOfCustomer ? undefined : method
  return isOfCustomer ? 'AES256' : undefined
}

function tagValue(key: string, facts: RequestFacts, { object }: Resource): string | undefined {
  const slash = key.indexOf('/')
  const name = key.slice(slash + 1)
  if (key.startsWith('requestobjecttag/')) return requestedTags(facts)?.find(([tag]) => tag === name)?.[1]
  if (!key.startsWith('existingobjecttag/')) return undefined
  if (object === undefined) throw new ObjectNeeded()
  const tags = object?.tags ?? {}
  return Object.hasOwn(tags, name) ? tags[name] : undefined
}

/** A tag of the bucket that the object is in. */
function bucketTag(key: string, { bucket }: Resource): string | undefined {
  if (bucket?.hasAbac !== true) return undefined
  const name = key.slice(key.indexOf('/') + 1)
  const tags = bucket.tags ?? {}
  return Object.hasOwn(tags, name) ? tags[name] : undefined
}

const authTypes = {
  header: 'REST-HEADER',
  query: 'REST-QUERY-STRING',
  form: 'POST',
  'plain-keys': undefined,
  anonymous: undefined,
} as const

function signatureAge({ caller }: RequestFacts, clock: Clock): string | undefined {
  const timestamp = caller.signature?.timestamp
  return timestamp === undefined ? undefined : String(Math.max(0, clock.nowMs() - parseTimestamp(timestamp)))
}

/** A presigned URL lets its user choose the body, and policies may deny that. */
function payloadOfUrl({ caller, query }: RequestFacts): string | undefined {
  const isUrl = caller.via === 'query' && caller.signature?.version === 'AWS4-HMAC-SHA256'
  return isUrl ? (query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD') : undefined
}

/** `bucket/key`, decoded: as policies write it and as the copy operation reads it. */
function copySource(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  try {
    return decodeCopySource(String(header)).path
  } catch {
    // The copy is refused because of this header.
    return String(header)
  }
}

function remainingDays(header: string | string[] | undefined, clock: Clock): string | undefined {
  const untilMs = Date.parse(String(header ?? ''))
  return Number.isNaN(untilMs) ? undefined : String(Math.ceil((untilMs - clock.nowMs()) / 86_400_000))
}

/** A year counts as 365 days. */
function holdDays(headers: RequestFacts['headers']): string | undefined {
  const days = headers['x-amz-object-lock-event-hold-duration-days']
  const years = headers['x-amz-object-lock-event-hold-duration-years']
  return days === undefined && years !== undefined ? String(Number(years) * 365) : days?.toString()
}

/** A copy keeps its source's tags unless the tagging directive is REPLACE, whatever the header says. */
function requestedTags({ headers, objectTags }: RequestFacts): NamedTags | undefined {
  if (objectTags !== undefined) return objectTags
  const header = headers['x-amz-tagging']
  const isCopied = headers['x-amz-copy-source'] !== undefined && headers['x-amz-tagging-directive'] !== 'REPLACE'
  // A malformed tagging header is refused by the operation.
  return header === undefined || isCopied ? undefined : parseTagQuery(String(header))
}
