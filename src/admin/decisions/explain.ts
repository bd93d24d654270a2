/**
 * Whether a user may do something, and why: `{"user"?, "action", "resource", "context"?}` → `{"decision", "message",
 * "policies"}`, by the engine that decides requests. `user` is a name, an ARN, an access key or `anonymous`; by default
 * the caller.
 */
import * as z from 'zod'
import { explainHypothesis } from '#access/decide/hypothetical.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from '#admin/route.ts'
import { parseJson } from '#http/parse-json.ts'
import { Identity } from '#identity/identity.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'

const value = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const schema = z.strictObject({
  user: z.string().min(1).optional(),
  action: z.string().regex(/^[a-z0-9-]+:[A-Za-z]+$/),
  resource: z.string().regex(/^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+)$/s),
  context: z.record(z.string(), z.union([value, z.array(value)])).default({}),
})

export async function explainAccess(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  const { access, store } = services
  const { account, caller, facts, body } = request
  const { user, ...question } = parseJson(body, schema)
  const principal = user === undefined ? caller.principal : find(services, account, user)
  const { authorizer, keyPolicies } = access
  const explaining = { authorizer, keyPolicies, findBucket: (name: string) => store.findBucket(name) }
  const answer = await explainHypothesis(explaining, { ...question, principal, facts, account })
  return { status: 200, json: JSON.stringify(answer) }
}

function find({ findIdentity }: AdminServices, account: string, user: string): Principal {
  if (user === 'anonymous') return anonymous
  const identity = findIdentity(user)
  if (identity instanceof Identity && identity.account === account) return identity
  throw new ApiError('InvalidArgument', { message: `There is no user ${user} in this account.` })
}
