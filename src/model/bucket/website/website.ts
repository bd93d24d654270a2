/**
 * The website of a bucket: what its configuration may contain, and which rule a request matches.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
 */
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/** Either every request is redirected, or the bucket is served. */
export type Website =
  | { readonly redirectAll: RedirectAll }
  | { readonly indexSuffix: string; readonly errorKey?: string; readonly rules?: readonly RoutingRule[] }

export interface RedirectAll {
  readonly hostName: string
  /** The protocol of the request if absent. */
  readonly protocol?: string
}

export interface RoutingRule {
  /** If absent, the rule matches every request. */
  readonly condition?: { readonly keyPrefix?: string; readonly errorCode?: number }
  readonly redirect: Redirect
}

/** Absent fields keep the value of the request. */
export interface Redirect {
  readonly hostName?: string
  readonly protocol?: string
  /** 301 if absent. */
  readonly code?: number
  readonly replaceKey?: string
  readonly replaceKeyPrefix?: string
}

/** The errors of PutBucketWebsite that the schema does not find. */
export function assertWebsite(website: Website): void {
  if ('redirectAll' in website) {
    assertProtocol(website.redirectAll.protocol)
    assertHostName(website.redirectAll.hostName)
    return
  }
  const { indexSuffix, errorKey, rules } = website
  if (indexSuffix === '' || indexSuffix.includes('/')) {
    throw badArgument('The IndexDocument Suffix is not well formed', 'IndexDocument', indexSuffix)
  }
  if (errorKey === '') throw badArgument('The ErrorDocument Key is not well formed', 'ErrorDocument', errorKey)
  if (rules === undefined) return
  if (rules.length === 0) throw new ApiError('MalformedXML')
  if (rules.length > limits.routingRulesMax) {
    throw invalid(
      `${rules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${limits.routingRulesMax}.`,
    )
  }
  for (const rule of rules) assertRule(rule)
}

export function badArgument(message: string, argument: string, value: string): ApiError {
  return new ApiError('InvalidArgument', { message, fields: { ArgumentName: argument, ArgumentValue: value } })
}

function assertRule({ condition, redirect }: RoutingRule): void {
  if (Object.keys(redirect).length === 0) throw new ApiError('MalformedXML')
  if (redirect.replaceKey !== undefined && redirect.replaceKeyPrefix !== undefined) {
    throw invalid('You can only define ReplaceKeyPrefix or ReplaceKey but not both.')
  }
  assertProtocol(redirect.protocol)
  if (redirect.hostName !== undefined) assertHostName(redirect.hostName)
  const { code } = redirect
  if (code !== undefined && (code < 301 || code > 308 || code === 306)) {
    throw invalid(`The provided HTTP redirect code (${code}) is not valid. Valid codes are 3XX except 300.`)
  }
  if (condition === undefined) return
  if (condition.keyPrefix === undefined && condition.errorCode === undefined) {
    throw invalid(
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    )
  }
  const { errorCode } = condition
  if (errorCode === undefined || (errorCode >= 400 && errorCode <= 417) || (errorCode >= 500 && errorCode <= 505))
    return
  throw invalid(`The provided HTTP error code (${errorCode}) is not valid. Valid codes are 4XX or 5XX.`)
}

function assertProtocol(protocol: string | undefined): void {
  if (protocol === undefined || protocol === 'http' || protocol === 'https') return
  throw invalid(
    'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
  )
}

/** It becomes part of a Location header, so it must not contain characters that start a path or end a header. */
function assertHostName(hostName: string): void {
  if (!/^[\w.:[\]-]+$/.test(hostName)) throw new ApiError('MalformedXML')
}

const invalid = (message: string) => new ApiError('InvalidRequest', { message })

/** The first rule that applies before anything is read: it has no condition, or only a prefix. */
export function findRuleForKey(rules: readonly RoutingRule[] = [], key: string): RoutingRule | undefined {
  return rules.find(({ condition }) => condition?.errorCode === undefined && hasPrefix(condition, key))
}

/** The first rule for an error. */
export function findRuleForError(
  rules: readonly RoutingRule[] = [],
  key: string,
  status: number,
): RoutingRule | undefined {
  return rules.find(({ condition }) => condition?.errorCode === status && hasPrefix(condition, key))
}

const hasPrefix = (condition: RoutingRule['condition'], key: string): boolean =>
  key.startsWith(condition?.keyPrefix ?? '')

/** The key that a rule redirects to. */
export function redirectedKey({ condition, redirect }: RoutingRule, key: string): string {
  if (redirect.replaceKey !== undefined) return redirect.replaceKey
  if (redirect.replaceKeyPrefix === undefined) return key
  return redirect.replaceKeyPrefix + key.slice(condition?.keyPrefix?.length ?? 0)
}

/** The key of the object that is served for `key`. */
export const indexedKey = (indexSuffix: string, key: string): string =>
  key === '' || key.endsWith('/') ? key + indexSuffix : key
