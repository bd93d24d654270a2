/** Asks the engine with policies written as in their documents. */

import { systemClock } from '#lib/clock.ts'
import type { PolicyKind } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import type { AccessRequest } from '#policy/evaluate/access-request.ts'
import { compilePolicy } from '#policy/evaluate/compile.ts'
import { type Decision, evaluate, type NamedPolicy, type Policies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'

export const account = '123456789012'
export const otherAccount = '999988887777'

export const user = (userName: string, more: Partial<Requester> = {}): Requester => ({
  type: 'user',
  arn: `arn:aws:iam::${account}:user/${userName}`,
  account,
  userId: `AIDA${userName.toUpperCase()}`,
  userName,
  canonicalId: 'a'.repeat(64),
  ...more,
})

export const roleSession = (role: string, session: string, more: Partial<Requester> = {}): Requester => ({
  type: 'assumed-role',
  arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
  issuerArn: `arn:aws:iam::${account}:role/${role}`,
  account,
  userId: `AROA${role.toUpperCase()}:${session}`,
  canonicalId: 'a'.repeat(64),
  ...more,
})

type Statement = Readonly<Record<string, unknown>>

export function policy(kind: PolicyKind, ...statements: readonly Statement[]): NamedPolicy {
  const json = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  return { name: kind, policy: compilePolicy(parsePolicy(json, kind)) }
}

export const identityPolicy = (...statements: readonly Statement[]): NamedPolicy => policy('identity', ...statements)
export const bucketPolicy = (...statements: readonly Statement[]): NamedPolicy => policy('resource', ...statements)

export type Keys = Readonly<Record<string, string | readonly string[]>>

export interface Asked extends Partial<Omit<AccessRequest, 'context'>> {
  /** By condition key, in AWS's spelling. */
  readonly keys?: Keys
}

export function ask(policies: Partial<Policies>, { keys = {}, ...asked }: Asked = {}): Decision {
  const context = new Map(Object.entries(keys).map(([key, value]) => [lowerFamily(key), value]))
  const request = {
    principal: user('mary'),
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::bucket/key',
    resourceAccount: account,
    clock: systemClock,
    ...asked,
    context: (key: string) => context.get(key),
  }
  return evaluate(request, { identity: [], ...policies })
}

export const isAllowed = (policies: Partial<Policies>, asked?: Asked): boolean =>
  ask(policies, asked).outcome === 'Allow'

const lowerFamily = (key: string) => key.replace(/^[^/]*/, (family) => family.toLowerCase())
