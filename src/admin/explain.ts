/**
 * `POST /_/explain`: may they, and why? `{"user"?, "action", "resource", "context"?}` → `{"decision", "message", "policies"}`, by the same
 * engine that decides requests. `user` is a name, an ARN, an access key or `anonymous`; the caller if left out.
 */
import * as z from 'zod'
import { explainHypothesis } from '#access/decide/hypothetical.ts'
import { Identity } from '#identity/identity.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import type { Inspection } from './inspections.ts'
import { type AdminAnswer, factsOf } from './routes.ts'

const value = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const schema = z.strictObject({
  user: z.string().min(1).optional(),
  action: z.string().regex(/^[a-z0-9-]+:[A-Za-z]+$/),
  resource: z.string().regex(/^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+)$/s),
  context: z.record(z.string(), z.union([value, z.array(value)])).default({}),
})

export async function explainHypothetical(inspection: Inspection): Promise<AdminAnswer> {
  const { access, account, asked, services } = inspection
  const { user, ...question } = parse(asked.body)
  const principal = user === undefined ? asked.caller.principal : find(inspection, user)
  const explaining = {
    authorizer: access.authorizer,
    findBucket: (name: string) => services.store.findBucket(name),
  }
  const answer = await explainHypothesis(explaining, { ...question, principal, facts: factsOf(asked), account })
  return { status: 200, json: JSON.stringify(answer) }
}

function find({ findIdentity, account }: Inspection, user: string): Principal {
  if (user === 'anonymous') return anonymous
  const identity = findIdentity(user)
  if (identity instanceof Identity && identity.account === account) return identity
  throw new ApiError('InvalidArgument', { message: `There is no user ${user} in this account.` })
}

function parse(body: Buffer): z.infer<typeof schema> {
  let json: unknown
  try {
    json = JSON.parse(body.toString())
  } catch {
    throw new ApiError('InvalidRequest', { message: 'The body must be a JSON object.' })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const message = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new ApiError('InvalidRequest', { message })
}
