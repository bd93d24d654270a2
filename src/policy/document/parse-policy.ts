/** The grammar of every kind of policy. */

import { isValueOf, parseOperator } from '#policy/evaluate/operators.ts'
import { checkIdentityPolicy, checkKeyPolicy, checkTrustPolicy } from './check-identity-policy.ts'
import { checkResourcePolicy } from './check-resource-policy.ts'
import type {
  ConditionElement,
  ListElement,
  ParseOptions,
  PolicyDocument,
  PolicyKind,
  PolicyVersion,
  Statement,
} from './document.ts'
import { parsePrincipal } from './parse-principal.ts'
import { mistake, type Sentences, sentencesOf } from './sentences.ts'

const maxBytes: Readonly<Record<PolicyKind, number>> = { resource: 20_480, identity: 10_240, trust: 2048, key: 32_768 }

/**
 * Reads and checks a policy. Throws ApiError: MalformedPolicy with S3's sentences (`resource`),
 * KMS.MalformedPolicyDocumentException with KMS's (`key`), MalformedPolicyDocument with IAM's (others). The field
 * `Detail` is the path of the mistake, for example `Statement[1].Condition.IpAddress.aws:SourceIp`.
 */
export function parsePolicy(json: string, kind: PolicyKind, options: ParseOptions = {}): PolicyDocument {
  const sentences = sentencesOf(kind)
  const fail = (message: string, path = '') => mistake(sentences.code, message, path)
  if (!json.trimStart().startsWith('{')) throw fail(sentences.notAnObject)
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw fail(sentences.invalidJson)
  }
  if (!isRecord(value)) throw fail(sentences.notAnObject)
  // White space does not count, as in IAM.
  if (Buffer.byteLength(JSON.stringify(value)) > (options.maxBytes ?? maxBytes[kind])) throw fail(sentences.tooLarge)
  for (const name of Object.keys(value)) {
    if (!['Version', 'Id', 'Statement'].includes(name)) throw fail(sentences.syntax(name), name)
  }
  const { Version: version = '2008-10-17', Id: id, Statement: body } = value
  if (version !== '2012-10-17' && version !== '2008-10-17') throw fail(sentences.version, 'Version')
  if (id !== undefined && typeof id !== 'string') throw fail(sentences.syntax(''), 'Id')
  if (body === undefined) throw fail(sentences.missing('Statement'))
  const bodies = Array.isArray(body) ? body : [body]
  if (bodies.length === 0) throw fail(sentences.emptyStatement, 'Statement')
  const statements = bodies.map((statement, index) =>
    parseStatement(statement, {
      kind,
      sentences,
      version,
      path: Array.isArray(body) ? `Statement[${index}]` : 'Statement',
    }),
  )
  const document = { version, id, statements, source: json } as const
  check(document, kind, options)
  return document
}

function check(document: PolicyDocument, kind: PolicyKind, options: ParseOptions): void {
  if (kind === 'resource') checkResourcePolicy(document, options)
  else if (kind === 'trust') checkTrustPolicy(document, options)
  else if (kind === 'key') checkKeyPolicy(document, options)
  else checkIdentityPolicy(document)
}

interface StatementContext {
  readonly kind: PolicyKind
  readonly sentences: Sentences
  readonly version: PolicyVersion
  readonly path: string
}

const elements = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]

function parseStatement(value: unknown, place: StatementContext): Statement {
  const { sentences, path, kind } = place
  const fail = (message: string, element: string) => mistake(sentences.code, message, `${path}.${element}`)
  if (!isRecord(value)) throw mistake(sentences.code, sentences.syntax(''), path)
  for (const name of Object.keys(value)) if (!elements.includes(name)) throw fail(sentences.syntax(name), name)
  for (const name of ['Principal', 'Action', 'Resource']) {
    if (name in value && `Not${name}` in value) throw fail(sentences.syntax(''), `Not${name}`)
  }
  const { Sid: sid, Effect: effect } = value
  if (sid !== undefined && typeof sid !== 'string') throw fail(sentences.syntax(''), 'Sid')
  if (effect === undefined) throw fail(sentences.missing('Effect'), 'Effect')
  if (effect !== 'Allow' && effect !== 'Deny') throw fail(sentences.effect(String(effect)), 'Effect')
  const hasPrincipal = 'Principal' in value || 'NotPrincipal' in value
  if (kind === 'identity' && hasPrincipal) throw fail('Policy document should not specify a principal.', 'Principal')
  if (kind !== 'identity' && !hasPrincipal) throw fail(sentences.missing('Principal'), 'Principal')
  const hasResource = 'Resource' in value || 'NotResource' in value
  if (kind === 'trust' && hasResource) throw fail('Has prohibited field Resource.', 'Resource')
  return {
    sid,
    effect,
    principal: hasPrincipal ? parsePrincipal(value, sentences, path) : undefined,
    action: parseList(value, 'Action', place),
    resource: kind === 'trust' ? undefined : parseList(value, 'Resource', place),
    conditions: value.Condition === undefined ? [] : parseConditions(value.Condition, place),
  }
}

function parseList(
  statement: Record<string, unknown>,
  name: 'Action' | 'Resource',
  place: StatementContext,
): ListElement {
  const { sentences, path } = place
  const isNegated = `Not${name}` in statement
  const element = isNegated ? `Not${name}` : name
  const values = listOfStrings(statement[element])
  if (values === undefined && element in statement) {
    throw mistake(sentences.code, sentences.syntax(''), `${path}.${element}`)
  }
  if (values === undefined || values.length === 0) {
    throw mistake(sentences.code, sentences.missing(name), `${path}.${element}`)
  }
  return { isNegated, values }
}

function parseConditions(value: unknown, { sentences, path, version }: StatementContext): ConditionElement[] {
  const fail = (message: string, where: string) => mistake(sentences.code, message, `${path}.Condition${where}`)
  if (!isRecord(value)) throw fail(sentences.syntax(''), '')
  return Object.entries(value).flatMap(([operator, block]) => {
    const name = parseOperator(operator)
    if (name === undefined) throw fail(sentences.operator(operator), `.${operator}`)
    if (!isRecord(block)) throw fail(sentences.syntax(''), `.${operator}`)
    return Object.entries(block).map(([key, given]) => {
      const values = listOfScalars(given)
      if (values === undefined) throw fail(sentences.syntax(''), `.${operator}.${key}`)
      for (const one of values) {
        if (isValueOf(name, one, version === '2012-10-17')) continue
        throw fail(sentences.value(name.name), `.${operator}.${key}: ${one}`)
      }
      return { operator, key, values }
    })
  })
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One string, or an array of them; undefined if it is neither. */
export function listOfStrings(value: unknown): string[] | undefined {
  const values = Array.isArray(value) ? value : [value]
  return values.every((one) => typeof one === 'string') ? values : undefined
}

/** Conditions may have numbers and booleans instead of strings. */
function listOfScalars(value: unknown): string[] | undefined {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.every((one) => ['string', 'number', 'boolean'].includes(typeof one)) ? values.map(String) : undefined
}
