/** Whether a bucket policy makes a bucket public. https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
import type { ConditionElement, PolicyDocument, Statement } from './document.ts'
import { parseOperator } from './operators.ts'

/** A condition on one of these, with values that are fixed, narrows everyone to someone. */
const narrowing: ReadonlySet<string> = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
])

export function isPublicPolicy({ statements }: PolicyDocument): boolean {
  return statements.some(isPublicStatement)
}

export function isPublicStatement({ effect, principal, conditions }: Statement): boolean {
  const isForEveryone = principal?.isEveryone === true || principal?.isNegated === true
  return effect === 'Allow' && isForEveryone && !conditions.some(narrows)
}

function narrows({ operator, key, values }: ConditionElement): boolean {
  const name = parseOperator(operator)
  // What a request without the key passes narrows nothing.
  if (name === undefined || name.ifExists || name.quantifier === 'ForAllValues') return false
  if (key.toLowerCase() === 'aws:sourceip') return name.name === 'IpAddress' && values.every(isNarrowRange)
  const isPositive = /^(String(Equals(IgnoreCase)?|Like)|Arn(Equals|Like))$/.test(name.name)
  return narrowing.has(key.toLowerCase()) && isPositive && !values.some((value) => /[*?]|\$\{/.test(value))
}

/** Ranges as broad as half the internet are everyone: broader than /8 and /32. */
function isNarrowRange(range: string): boolean {
  const [address = '', bits] = range.split('/')
  const isV6 = address.includes(':')
  return Number(bits ?? (isV6 ? 128 : 32)) >= (isV6 ? 32 : 8)
}
