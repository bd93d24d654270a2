/**
 * Policies mean users and roles by unique id, not by name: they follow renames, and a principal created later under an
 * old name gets no permission.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-users
 */
import type { PolicyText } from '#identity/entities/entity.ts'

/** Unique ids by the names in a policy: ARNs of users, roles and their sessions, access keys. */
export type Bindings = Readonly<Record<string, string>>

/** The present principals by name. */
export interface Principals {
  /** Another object after every change of the answers below. */
  readonly state: object
  /** Undefined if there is no such principal, or it is an account, which keeps its number. */
  idOf(name: string): string | undefined
  /** Undefined if the principal of the id was removed. */
  arnOf(id: string): string | undefined
}

/**
 * The policy as it applies now: an old ARN is replaced by the new one, and the ARN of a removed principal by its unique
 * id.
 */
export function followed(policy: unknown, bindings: Bindings, principals: Principals): unknown {
  const changed = new Map<string, string>()
  for (const name of namesIn(policy)) {
    const now = nameNow(name, bindings[name], principals)
    if (now !== name) changed.set(name, now)
  }
  return changed.size === 0 || !isRecord(policy) ? policy : withPrincipals(policy, changed)
}

function nameNow(name: string, id: string | undefined, principals: Principals): string {
  // The id of a removed principal that exists again.
  if (id === undefined) return principals.arnOf(name) ?? name
  if (principals.idOf(name) === id) return name
  const session = /:assumed-role\/[^/]+\/(.+)$/.exec(name)?.[1]
  return session === undefined ? (principals.arnOf(id) ?? id) : `${id}:${session}`
}

/** Ids of the existing principals that the policy names. */
export function bindingsOf(policy: unknown, principals: Principals): Bindings {
  const bindings: Record<string, string> = {}
  for (const name of namesIn(policy)) {
    const id = principals.idOf(name)
    if (id !== undefined) bindings[name] = id
  }
  return bindings
}

/** Names of AWS principals in the policy. It may be any JSON, since it can be written by hand. */
export function namesIn(policy: unknown): string[] {
  if (!isRecord(policy)) return []
  const { Statement: statement } = policy
  const statements: unknown[] = Array.isArray(statement) ? statement : [statement]
  return statements.filter(isRecord).flatMap((one) =>
    elements.flatMap((element) => {
      const principal = one[element]
      const names: unknown = isRecord(principal) ? principal.AWS : undefined
      return (Array.isArray(names) ? names : [names]).filter((name) => typeof name === 'string')
    }),
  )
}

/** The same policy with other names. */
export function withPrincipals(policy: PolicyText, changed: ReadonlyMap<string, string>): PolicyText {
  const { Statement: statement } = policy
  const follow = (one: unknown) => (isRecord(one) ? followIn(one, changed) : one)
  return { ...policy, Statement: Array.isArray(statement) ? statement.map(follow) : follow(statement) }
}

const elements = ['Principal', 'NotPrincipal']

function followIn(statement: PolicyText, changed: ReadonlyMap<string, string>): PolicyText {
  const result = { ...statement }
  for (const element of elements) {
    const principal = statement[element]
    if (!isRecord(principal) || principal.AWS === undefined) continue
    const follow = (name: unknown) => (typeof name === 'string' ? (changed.get(name) ?? name) : name)
    result[element] = {
      ...principal,
      AWS: Array.isArray(principal.AWS) ? principal.AWS.map(follow) : follow(principal.AWS),
    }
  }
  return result
}

const isRecord = (value: unknown): value is PolicyText =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
