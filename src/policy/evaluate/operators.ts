/**
 * The condition operators. Each turns the values of a policy into a test of one value of the request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import { parseIpRange } from '#lib/net/ip-range.ts'
import { compileArnPattern, compilePattern, type VariableLookup } from './pattern.ts'

/** Whether one value of the request matches one of the policy's. */
export type ValueTest = (value: string, lookup: VariableLookup) => boolean

interface Operator {
  /** `...Not...`: holds if no value of the policy matches. */
  readonly isNegated: boolean
  /** Undefined if the policy's value is not of the operator's type. */
  readonly compile: (value: string, hasVariables: boolean) => ValueTest | undefined
}

export type Quantifier = 'ForAllValues' | 'ForAnyValue' | undefined

export interface OperatorName {
  readonly name: string
  readonly quantifier: Quantifier
  readonly ifExists: boolean
}

const equals = (value: string, hasVariables: boolean) =>
  compilePattern(value, { hasVariables, hasWildcards: false }).matches

const equalsIgnoringCase = (value: string, hasVariables: boolean): ValueTest => {
  const pattern = compilePattern(value, { hasVariables, hasWildcards: false, toLowerCase: true })
  return (given, lookup) => pattern.matches(given.toLowerCase(), (key) => lookup(key)?.toLowerCase())
}

const like = (value: string, hasVariables: boolean) =>
  compilePattern(value, { hasVariables, hasWildcards: true }).matches

const arn = (value: string, hasVariables: boolean) => compileArnPattern(value, hasVariables).matches

const ip = (value: string) => parseIpRange(value)

const bool = (value: string): ValueTest | undefined => {
  const wanted = value.toLowerCase()
  return wanted === 'true' || wanted === 'false' ? (given) => given.toLowerCase() === wanted : undefined
}

const binary = (value: string): ValueTest | undefined =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? (given) => given === value : undefined

type Comparison = (given: number, wanted: number) => boolean

/** Parses each text once: requests repeat their values, and a clock shows one second many times. */
function ordered(parse: (text: string) => number, compare: Comparison): Operator['compile'] {
  return (value) => {
    const wanted = parse(value)
    if (Number.isNaN(wanted)) return undefined
    let lastText = ''
    let last = Number.NaN
    return (given) => {
      if (given !== lastText) {
        last = parse(given)
        lastText = given
      }
      return !Number.isNaN(last) && compare(last, wanted)
    }
  }
}

const parseNumber = (text: string): number => (/^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN)

/** ISO 8601 in the W3C profile, or seconds since 1970. In milliseconds. */
export function parseDate(text: string): number {
  if (/^\d{5,}$/.test(text)) return Number(text) * 1000
  return /^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?)?)?$/.test(text)
    ? Date.parse(text)
    : Number.NaN
}

const comparisons: Readonly<Record<string, Comparison>> = {
  Equals: (given, wanted) => given === wanted,
  LessThan: (given, wanted) => given < wanted,
  LessThanEquals: (given, wanted) => given <= wanted,
  GreaterThan: (given, wanted) => given > wanted,
  GreaterThanEquals: (given, wanted) => given >= wanted,
}

const orderedOperators = (family: string, parse: (text: string) => number): [string, Operator][] => [
  ...Object.entries(comparisons).map(([name, compare]): [string, Operator] => [
    family + name,
    { isNegated: false, compile: ordered(parse, compare) },
  ]),
  [`${family}NotEquals`, { isNegated: true, compile: ordered(parse, (given, wanted) => given === wanted) }],
]

const pair = (name: string, negated: string, compile: Operator['compile']): [string, Operator][] => [
  [name, { isNegated: false, compile }],
  [negated, { isNegated: true, compile }],
]

/** All but `Null`, which tests whether a key exists. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ...pair('StringEquals', 'StringNotEquals', equals),
  ...pair('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', equalsIgnoringCase),
  ...pair('StringLike', 'StringNotLike', like),
  ...orderedOperators('Numeric', parseNumber),
  ...orderedOperators('Date', parseDate),
  ['Bool', { isNegated: false, compile: bool }],
  ['BinaryEquals', { isNegated: false, compile: binary }],
  ...pair('IpAddress', 'NotIpAddress', ip),
  ...pair('ArnEquals', 'ArnNotEquals', arn),
  ...pair('ArnLike', 'ArnNotLike', arn),
])

/** `ForAnyValue:StringLikeIfExists` in its parts; undefined if there is no such operator. */
export function parseOperator(text: string): OperatorName | undefined {
  const [, quantifier, base = ''] = /^(?:(ForAllValues|ForAnyValue):)?(.*)$/.exec(text) ?? []
  const ifExists = base.endsWith('IfExists')
  const name = ifExists ? base.slice(0, -'IfExists'.length) : base
  if (name === 'Null' ? ifExists || quantifier !== undefined : !operators.has(name)) return undefined
  return { name, quantifier: quantifier as Quantifier, ifExists }
}

/** Whether the operator accepts the value. */
export function isValueOf(operator: OperatorName, value: string, hasVariables: boolean): boolean {
  if (operator.name === 'Null') return /^(true|false)$/i.test(value)
  return operators.get(operator.name)?.compile(value, hasVariables) !== undefined
}
