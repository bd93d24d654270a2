/**
 * Whether a bucket policy makes a bucket public. It does, unless it allows only fixed principals, or everyone under a
 * condition that fixes one of the keys that AWS lists.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 * The id of a KMS key is not in this list, unlike on AWS: here any anonymous client can send it in a header.
 */

import type { ConditionElement, PolicyDocument, PrincipalElement, Statement } from '#policy/document/document.ts'
import { compileCondition } from '#policy/evaluate/condition.ts'
import type { RequestContext } from '#policy/evaluate/context.ts'
import { parseOperator } from '#policy/evaluate/operators.ts'
import { anonymousRequester } from '#policy/requester.ts'
import { areBroadRanges } from './broad-ranges.ts'

/** A condition on one of these keys, with fixed values, narrows everyone down. */
const narrowing: ReadonlySet<string> = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
])

const answers = new WeakMap<PolicyDocument, boolean>()

export function isPublicPolicy(document: PolicyDocument): boolean {
  const known = answers.get(document)
  if (known !== undefined) return known
  const answer = arePublic(document.statements)
  answers.set(document, answer)
  return answer
}

/** Ranges of addresses are added up over statements: each might allow one half of the internet. */
function arePublic(statements: readonly Statement[]): boolean {
  const ranges: string[] = []
  for (const { effect, principal, conditions } of statements) {
    if (effect !== 'Allow' || !isForEveryone(principal) || conditions.some(fixesKey)) continue
    const allowed = conditions.find(namesRanges)
    if (allowed === undefined) return true
    ranges.push(...allowed.values)
  }
  return areBroadRanges(ranges)
}

/** NotPrincipal means everyone else. */
function isForEveryone(principal: PrincipalElement | undefined): boolean {
  if (principal === undefined) return false
  return principal.isEveryone || principal.isNegated || principal.names.some(({ name }) => name.includes('*'))
}

/** A condition has no effect if a request without the key satisfies it, or if its operator is negated. */
function positiveOperator(operator: string): string | undefined {
  const name = parseOperator(operator)
  return name === undefined || name.ifExists || name.quantifier === 'ForAllValues' ? undefined : name.name
}

const namesRanges = ({ operator, key, values }: ConditionElement): boolean =>
  key.toLowerCase() === 'aws:sourceip' && positiveOperator(operator) === 'IpAddress' && !areBroadRanges(values)

function fixesKey(element: ConditionElement): boolean {
  const key = element.key.toLowerCase()
  const operator = positiveOperator(element.operator) ?? ''
  if (!narrowing.has(key) || !/^(String(Equals(IgnoreCase)?|Like)|Arn(Equals|Like))$/.test(operator)) return false
  return element.values.every((value) => isFixed(key, value)) && !isMetByStrangers(element)
}

function isFixed(key: string, value: string): boolean {
  // The session name is chosen by the caller who assumes the role.
  if (key === 'aws:userid' && /^AROA[^:]*:/i.test(value)) return false
  return !/[*?]|\$\{/.test(value)
}

const strangers: ReadonlyMap<string, string> = new Map([['aws:userid', anonymousRequester.userId]])
const strangersContext: RequestContext = {
  values: (key) => strangers.get(key),
  single: (key) => strangers.get(key),
}

const isMetByStrangers = (element: ConditionElement): boolean =>
  compileCondition(element, false).holds(strangersContext)
