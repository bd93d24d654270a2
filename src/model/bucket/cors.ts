/**
 * CORS rules of a bucket: what a rule may contain, which rule a request matches, and the headers of the answer.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
 */
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/** All lists are as they were sent. */
export interface CorsRule {
  readonly id?: string
  readonly allowedOrigins: readonly string[]
  readonly allowedMethods: readonly string[]
  readonly allowedHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds?: number
}

/** The request of a web page. */
export interface CorsRequest {
  readonly origin: string
  readonly method: string
  /** Access-Control-Request-Headers, in lower case. */
  readonly headers: readonly string[]
}

export const corsMethods: readonly string[] = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

/** MalformedXML, InvalidRequest, InvalidArgument: the errors of PutBucketCors. */
export function assertCorsRules(rules: readonly CorsRule[]): void {
  const lacks = ({ allowedMethods, allowedOrigins }: CorsRule) =>
    allowedMethods.length === 0 || allowedOrigins.length === 0
  if (rules.length === 0 || rules.some(lacks)) throw new ApiError('MalformedXML')
  if (rules.length > limits.corsRulesMax) {
    throw invalid(`The number of CORS rules should not exceed allowed limit of ${limits.corsRulesMax} rules.`)
  }
  for (const rule of rules) assertRule(rule)
}

function assertRule({ id = '', allowedMethods, allowedOrigins, allowedHeaders, exposeHeaders }: CorsRule): void {
  if (id.length > limits.ruleIdLength) {
    const message = `ID length should not exceed allowed limit of ${limits.ruleIdLength}`
    throw new ApiError('InvalidArgument', { message, fields: { ArgumentName: 'ID', ArgumentValue: id } })
  }
  for (const method of allowedMethods) {
    if (corsMethods.includes(method)) continue
    throw invalid(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`)
  }
  for (const origin of allowedOrigins) assertOneWildcard('AllowedOrigin', origin)
  for (const header of allowedHeaders) {
    assertOneWildcard('AllowedHeader', header)
    if (!isHeaderName(header)) throw invalid(`AllowedHeader "${header}" contains invalid character.`)
  }
  for (const header of exposeHeaders) {
    if (header.includes('*')) {
      throw invalid(
        `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      )
    }
    if (!isHeaderName(header)) throw invalid(`ExposeHeader "${header}" contains invalid character.`)
  }
}

function assertOneWildcard(element: string, pattern: string): void {
  if (pattern.split('*').length > 2) throw invalid(`${element} "${pattern}" can not have more than one wildcard.`)
}

const invalid = (message: string) => new ApiError('InvalidRequest', { message })

/** https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
export const isHeaderName = (name: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)

/** The names in Access-Control-Request-Headers, in lower case. */
export function requestedHeaderNames(header: string | undefined): string[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => name !== '')
}

/** Why a rule does not match: the first of origin, method and headers that it does not allow. */
export type CorsMismatch =
  | { readonly part: 'origin' | 'method' }
  | { readonly part: 'headers'; readonly names: readonly string[] }

/** Undefined if the rule matches. */
export function corsMismatch(rule: CorsRule, { origin, method, headers }: CorsRequest): CorsMismatch | undefined {
  if (!rule.allowedOrigins.some((pattern) => fits(pattern, origin))) return { part: 'origin' }
  if (!rule.allowedMethods.includes(method)) return { part: 'method' }
  const patterns = rule.allowedHeaders.map((pattern) => pattern.toLowerCase())
  const names = headers.filter((name) => !patterns.some((pattern) => fits(pattern, name)))
  return names.length === 0 ? undefined : { part: 'headers', names }
}

/** The first rule that matches. */
export function findCorsRule(rules: readonly CorsRule[], request: CorsRequest): CorsRule | undefined {
  return rules.find((rule) => corsMismatch(rule, request) === undefined)
}

/** One `*` matches any text, also an empty one. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end)
}

/** The headers of the answer to a request that matches the rule. */
export function corsHeaders(rule: CorsRule, { origin, headers }: CorsRequest): Readonly<Record<string, string>> {
  const isForAll = rule.allowedOrigins.includes('*')
  return {
    'access-control-allow-origin': isForAll ? '*' : origin,
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    ...(headers.length > 0 && { 'access-control-allow-headers': headers.join(', ') }),
    ...(rule.exposeHeaders.length > 0 && { 'access-control-expose-headers': rule.exposeHeaders.join(', ') }),
    ...(rule.maxAgeSeconds !== undefined && { 'access-control-max-age': String(rule.maxAgeSeconds) }),
    ...(!isForAll && { 'access-control-allow-credentials': 'true' }),
    vary: corsVary,
  }
}

export const corsVary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
