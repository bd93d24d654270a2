/**
 * `POST /_/explain`: may they, and why? `{"user"?, "action", "resource", "context"?}` → `{"decision", "message", "policies"}`, by the same
 * engine that decides requests. `user` is a name, an ARN, an access key or `anonymous`; the caller if left out.
 */
import { z } from 'zod'
import { denialMessage } from '#access/denial.ts'
import { Identity } from '#identity/identity.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import type { AccessRequest } from '#policy/evaluate.ts'
import { explain } from '#policy/explain.ts'
import { contextKey } from '#policy/pattern.ts'
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
  const { user, action, resource, context } = parse(asked.body)
  const principal = user === undefined ? asked.caller.principal : find(inspection, user)
  const [, bucketName, key] = /^arn:[^:]*:s3:::([^/]+)(?:\/(.+))?$/s.exec(resource) ?? []
  const bucket = bucketName === undefined ? undefined : await services.store.findBucket(bucketName)
  const place = { ...(bucket && { bucket }), ...(key !== undefined && { key }), object: null }
  const { request, policies } = access.authorizer.question(principal, action, place, factsOf(asked))
  const given = new Map(Object.entries(context).map(([name, values]) => [contextKey(name), values]))
  const hypothetical: AccessRequest = { ...request, resource, context: (name) => given.get(name) }
  const explanation = explain(hypothetical, policies)
  const { decision } = explanation
  const isOwnBucket = hypothetical.resourceAccount === account
  const shown = explanation.policies.filter(({ policyType }) => isOwnBucket || policyType !== 'resource-based')
  const message = decision.outcome === 'Allow' ? undefined : denialMessage(hypothetical, decision)
  return { status: 200, json: JSON.stringify({ decision, message, policies: shown }) }
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
