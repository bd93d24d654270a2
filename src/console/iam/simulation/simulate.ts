/** The permissions of a user, a group or a role: its effective policies, and the engine's decision on any request. */
import { explainHypothesis } from '#access/decide/hypothetical.ts'
import { askedHolder, type HolderDescription, holderArn, holderHref } from '#console/iam/holders/holders.ts'
import { type Iam, openIam } from '#console/iam/open-iam.ts'
import { effectivePolicies } from '#console/iam/policies/effective-policies.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { getUser } from '#identity/accounts/users.ts'
import { type AccessKey, getAccessKey } from '#identity/entities/access-key.ts'
import type { Account } from '#identity/entities/account.ts'
import { Identity } from '#identity/identity.ts'
import { simulatedIdentity } from '#identity/principals/simulated-principal.ts'
import { withKeyPolicies } from '#identity/secrets/session-identity.ts'
import { refusalOf } from '#model/errors.ts'
import { describeDecision } from './describe-decision.ts'
import { parseSimulation } from './simulation-form.ts'

const usualActions = 's3:ListBucket\ns3:GetObject\ns3:PutObject\ns3:DeleteObject'

export const showSimulation: Page = async (visit, services) => {
  const { description, name } = askedHolder(visit)
  const iam = openIam(visit, services)
  const arn = holderArn(iam.account, description, name)
  iam.authorize(`Get${description.noun}`, arn)
  iam.authorize('SimulatePrincipalPolicy', arn)
  const holder = description.get(iam.account, name)
  const { query } = visit
  const typed = {
    actions: query.get('actions') ?? usualActions,
    resource: query.get('resource') ?? '',
    context: query.get('context') ?? '',
    key: query.get('key') ?? '',
  }
  const outcome = query.has('actions')
    ? await simulate(visit, services, typed, () => whoAsks(services, iam, description, holder.name, typed.key))
    : undefined
  return {
    view: 'iam/simulate',
    title: `Access of ${holder.name}`,
    place: 'iam',
    crumbs: [
      { text: 'Identities', href: `/ui/iam/${description.plural}` },
      { text: holder.name, href: holderHref(description.plural, holder.name) },
      { text: 'Access' },
    ],
    status: outcome?.status ?? 200,
    locals: {
      base: holderHref(description.plural, holder.name),
      name: holder.name,
      noun: description.noun,
      arn,
      policies: effectivePolicies(iam.account, description, name),
      limitedKeys: limitedKeysOf(iam.account, description, holder.name).map(({ id }) => id),
      typed,
      outcome,
    },
  }
}

/** Keys with fewer permissions than their user. */
function limitedKeysOf(account: Account, { plural }: HolderDescription, name: string): AccessKey[] {
  return plural === 'users' ? getUser(account, name).keys.filter(({ policies }) => policies !== undefined) : []
}

/** The principal with the chosen credentials: a limited key may do no more than its limit. NoSuchEntity. */
function whoAsks(
  { identities: { directory } }: ConsoleServices,
  { account }: Iam,
  description: HolderDescription,
  name: string,
  keyId: string,
): Identity {
  const identity = simulatedIdentity(directory, account, holderArn(account, description, name))
  if (keyId === '') return identity
  const { policies } = getAccessKey({ keys: limitedKeysOf(account, description, name) }, keyId)
  const { accessKeyId, secretAccessKey, displayName, requester } = identity
  const limited = withKeyPolicies(identity.policies, policies)
  return new Identity({ accessKeyId, secretAccessKey, displayName, requester, policies: limited })
}

async function simulate(
  { facts }: Visit,
  { access, store }: ConsoleServices,
  typed: Parameters<typeof parseSimulation>[0],
  principalAsked: () => Identity,
) {
  try {
    const asked = parseSimulation(typed)
    const principal = principalAsked()
    const { authorizer, keyPolicies } = access
    const explaining = { authorizer, keyPolicies, findBucket: (name: string) => store.findBucket(name) }
    const { resource, context } = asked
    const results = await Promise.all(
      asked.actions.map(async (action) => {
        const hypothesis = { principal, action, resource, context, facts, account: principal.account }
        const answer = await explainHypothesis(explaining, hypothesis)
        return { action, ...answer, because: describeDecision(answer.decision, action) }
      }),
    )
    return { status: 200, resource, isCut: asked.isCut, results, problem: undefined }
  } catch (error) {
    const refusal = refusalOf(error)
    return { status: refusal.status, problem: refusal.message, results: [] }
  }
}
