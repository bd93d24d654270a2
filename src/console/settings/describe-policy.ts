/** A bucket policy in sentences. They repeat the text of the policy; decisions are made by the policy engine. */
export interface Sentence {
  readonly effect: 'Allow' | 'Deny'
  readonly who: string
  readonly isEveryone: boolean
  readonly what: string
  readonly where: string
  readonly condition: string | undefined
}

/** `json` is a valid policy. */
export function describePolicy(json: string): Sentence[] {
  const { Statement: statements } = JSON.parse(json) as { Statement?: unknown }
  return listOf(statements).filter(isRecord).map(describeStatement)
}

function describeStatement(statement: Record<string, unknown>): Sentence {
  const { Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition } = statement
  const principals = principalsOf(Principal ?? NotPrincipal)
  const isEveryone = Principal !== undefined && principals.includes('*')
  const except = (isExcept: boolean, all: string, text: string) => (isExcept ? `${all} but ${text}` : text)
  const who = isEveryone ? 'Anyone' : principals.map(nameOf).join(', ')
  const actions = listOf(Action ?? NotAction)
    .map(actionOf)
    .join(', ')
  const resources = listOf(Resource ?? NotResource)
    .map(resourceOf)
    .join(', ')
  return {
    effect: Effect === 'Deny' ? 'Deny' : 'Allow',
    who: except(NotPrincipal !== undefined, 'Everyone', who),
    isEveryone,
    what: except(NotAction !== undefined, 'everything', actions),
    where: except(NotResource !== undefined, 'everything', resources),
    condition: isRecord(Condition) ? JSON.stringify(Condition) : undefined,
  }
}

const actionOf = (action: unknown): string => (action === '*' || action === 's3:*' ? 'everything' : String(action))
const resourceOf = (resource: unknown): string => String(resource).replace(/^arn:aws:s3:::/, '')
const nameOf = (principal: string): string => principal.replace(/^arn:aws:iam::(\d+):(.+)$/, '$2 of $1')

function principalsOf(principal: unknown): string[] {
  return isRecord(principal) ? Object.values(principal).flatMap(listOf).map(String) : listOf(principal).map(String)
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
