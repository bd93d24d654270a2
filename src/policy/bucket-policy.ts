/**
 * Bucket policies: parsing that refuses what is not enforced, and evaluation. Pure. Conditions, NotAction, NotPrincipal and
 * NotResource are refused, never ignored. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
 */
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

export type Decision = 'Allow' | 'Deny' | 'none'

interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly isForEveryone: boolean
  readonly principals: readonly string[]
  readonly actions: readonly RegExp[]
  readonly resources: readonly RegExp[]
}

export interface BucketPolicy {
  readonly statements: readonly Statement[]
}

/** Every name by which a policy may call the caller. */
export interface PolicyPrincipal {
  readonly names: readonly string[]
}

const malformed = (message: string) => new ApiError('MalformedPolicy', { message })

export function parseBucketPolicy(json: string, bucket: string): BucketPolicy {
  if (Buffer.byteLength(json) > limits.policyBytes) throw malformed('Policy exceeds the maximum allowed document size.')
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch {
    throw new ApiError('MalformedPolicy')
  }
  if (!isRecord(document)) throw new ApiError('MalformedPolicy')
  for (const name of Object.keys(document)) {
    if (!['Version', 'Id', 'Statement'].includes(name)) throw malformed(`Unknown field ${name}`)
  }
  const version = document.Version
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') {
    throw malformed('The policy must contain a valid version string')
  }
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  if (document.Statement === undefined || statements.length === 0) throw malformed('Missing required field Statement')
  return { statements: statements.map((statement) => parseStatement(statement, bucket)) }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseStatement(statement: unknown, bucket: string): Statement {
  if (!isRecord(statement)) throw malformed('Statement must be an object')
  for (const name of Object.keys(statement)) {
    if (['Condition', 'NotAction', 'NotPrincipal', 'NotResource'].includes(name)) {
      throw malformed(`${name} is not enforced by this server, so a policy that relies on it is refused`)
    }
    if (!['Sid', 'Effect', 'Principal', 'Action', 'Resource'].includes(name)) throw malformed(`Unknown field ${name}`)
  }
  const { Effect: effect } = statement
  if (effect !== 'Allow' && effect !== 'Deny') throw malformed(`Invalid effect: ${String(effect)}`)
  if (statement.Principal === undefined) throw malformed('Missing required field Principal')
  const principals = parsePrincipals(statement.Principal)
  const actions = strings(statement.Action, 'Action')
  for (const action of actions) {
    if (action !== '*' && !/^s3:[A-Za-z*?]+$/i.test(action)) throw malformed('Policy has invalid action')
  }
  const resources = strings(statement.Resource, 'Resource')
  for (const resource of resources) {
    const name = /^arn:aws:s3:::([^/]+)(\/.*)?$/.exec(resource)?.[1]
    if (name === undefined || !pattern(name, '').test(bucket)) throw malformed('Policy has invalid resource')
  }
  return {
    effect,
    isForEveryone: principals.includes('*'),
    principals,
    actions: actions.map((action) => pattern(action, 'i')),
    resources: resources.map((resource) => pattern(resource, 's')),
  }
}

function parsePrincipals(principal: unknown): string[] {
  if (typeof principal === 'string' || Array.isArray(principal)) return strings(principal, 'Principal')
  if (!isRecord(principal)) throw malformed('Invalid principal in policy')
  const principals: string[] = []
  for (const [kind, value] of Object.entries(principal)) {
    if (!['AWS', 'CanonicalUser'].includes(kind)) throw malformed('Invalid principal in policy')
    principals.push(...strings(value, 'Principal'))
  }
  if (principals.length === 0) throw malformed('Invalid principal in policy')
  return principals
}

function strings(value: unknown, field: string): string[] {
  const values = Array.isArray(value) ? value : [value]
  if (value === undefined) throw malformed(`Missing required field ${field}`)
  if (values.length === 0 || !values.every((one) => typeof one === 'string' && one !== ''))
    throw malformed(`Invalid ${field}`)
  return values as string[]
}

/** `*` is any text, `?` any character, all else itself. */
function pattern(text: string, flags: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, flags)
}

/** Explicit Deny wins over every Allow; `resource` is an ARN. */
export function evaluateBucketPolicy(
  policy: BucketPolicy,
  request: { principal: PolicyPrincipal; action: string; resource: string },
): Decision {
  let decision: Decision = 'none'
  for (const statement of policy.statements) {
    const applies =
      (statement.isForEveryone || statement.principals.some((name) => request.principal.names.includes(name))) &&
      statement.actions.some((action) => action.test(request.action)) &&
      statement.resources.some((resource) => resource.test(request.resource))
    if (!applies) continue
    if (statement.effect === 'Deny') return 'Deny'
    decision = 'Allow'
  }
  return decision
}

export const isPublicPolicy = (policy: BucketPolicy): boolean =>
  policy.statements.some((statement) => statement.effect === 'Allow' && statement.isForEveryone)
