/**
 * Simulates decisions with the engine that decides real requests.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
 */
import { extentAt, type Position } from '#documents/json-source.ts'
import type { QueryParams } from '#http/aws-query/params.ts'
import { answerPage, pageOf } from '#iam/reading.ts'
import type { IamRequest, IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { anything } from '#iam/targets.ts'
import { hypothetical, type Simulated, simulatedPrincipal } from '#identity/principals/simulated-principal.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import type { PolicyDocument } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import type { AccessRequest, ContextLookup } from '#policy/evaluate/access-request.ts'
import { compilePolicy } from '#policy/evaluate/compile.ts'
import { contextOf } from '#policy/evaluate/context.ts'
import type { NamedPolicy, Policies } from '#policy/evaluate/evaluate.ts'
import { type Explanation, explain, type PolicyTrace } from '#policy/evaluate/explain.ts'
import { contextKey } from '#policy/evaluate/pattern.ts'
import { contextKeysOf, readPolicies } from './context-keys.ts'

const actionsMax = 128
const resourcesMax = 1000

export const simulateRows: readonly IamRow[] = [
  {
    name: 'SimulateCustomPolicy',
    on: anything,
    run(request) {
      const identity = named('PolicyInputList', readPolicies(request, 'PolicyInputList'))
      const requester = hypothetical(request.account, request.params.find('CallerArn', rules.arn))
      return simulate(request, { requester, policies: { identity } }, 'custom')
    },
  },
  {
    name: 'SimulatePrincipalPolicy',
    on: ({ params }) => ({ arn: params.find('PolicySourceArn') ?? '*' }),
    run(request) {
      const { params, identities, account } = request
      const { requester, policies } = simulatedPrincipal(
        identities.directory,
        account,
        params.get('PolicySourceArn', rules.arn),
      )
      const more = named('PolicyInputList', readPolicies(request, 'PolicyInputList'))
      const held = { ...policies, identity: [...policies.identity, ...more] }
      return simulate(request, { requester, policies: held }, 'principal')
    },
  },
]

const named = (list: string, documents: readonly PolicyDocument[]): NamedPolicy[] =>
  documents.map((document, at) => ({ name: `${list}.${at + 1}`, policy: compilePolicy(document) }))

/** `of`: whether missing facts about the caller, such as a tag, count as absent or as not given. */
function simulate(request: IamRequest, { requester, policies }: Simulated, of: 'principal' | 'custom'): XmlTree {
  const { params, account, clock } = request
  const actions = params.list('ActionNames', { min: 3, max: 128, maxItems: actionsMax })
  if (actions.length === 0) params.get('ActionNames')
  const given = params.list('ResourceArns', { min: 1, max: 2048, maxItems: resourcesMax })
  const resources = given.length === 0 ? ['*'] : given
  const [boundary] = named(
    'PermissionsBoundaryPolicyInputList',
    readPolicies(request, 'PermissionsBoundaryPolicyInputList'),
  )
  const resourcePolicy = params.find('ResourcePolicy', rules.document)
  const all: Policies = {
    ...policies,
    ...(boundary === undefined ? {} : { boundary }),
    ...(resourcePolicy === undefined
      ? {}
      : { resource: { name: 'ResourcePolicy', policy: compilePolicy(parsePolicy(resourcePolicy, 'resource')) } }),
  }
  const { context, provided } = readContext(params)
  const resourceAccount = params.find('ResourceOwner')?.match(/\d{12}/)?.[0] ?? account.id
  const known = contextOf({ principal: requester, action: '', resource: '', resourceAccount, context, clock })
  const isKnown = (key: string) => isDerived(key) && (of === 'principal' || known.values(contextKey(key)) !== undefined)
  const missing = contextKeysOf(documentsIn(all)).filter((key) => !provided.has(key.toLowerCase()) && !isKnown(key))
  const asked = actions.flatMap((action) => resources.map((resource) => ({ action, resource })))
  const page = pageOf(
    params,
    asked.map((one, at) => ({ ...one, at })),
    ({ at }) => String(at).padStart(9, '0'),
  )
  return answerPage('EvaluationResults', page, ({ action, resource }) => {
    const access: AccessRequest = { principal: requester, action, resource, resourceAccount, context, clock }
    return resultOf(action, resource, { explanation: explain(access, all), policies: all, missing })
  })
}

const decisions = { allowed: 'allowed', 'explicit-deny': 'explicitDeny', 'implicit-deny': 'implicitDeny' } as const

interface Result {
  readonly explanation: Explanation
  readonly policies: Policies
  readonly missing: readonly string[]
}

function resultOf(action: string, resource: string, { explanation, policies, missing }: Result): XmlTree {
  const documents = documentsIn(policies)
  const boundary = explanation.policies.find(({ policyType }) => policyType === 'permissions-boundary')
  const isWithin = boundary?.statements.some(({ applies, effect }) => applies && effect === 'Allow') === true
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: decisions[explanation.decision.reason],
    MatchedStatements: {
      member: explanation.policies.flatMap((trace, at) => matchedStatements(trace, documents[at]?.source ?? '')),
    },
    MissingContextValues: { member: missing },
    ...(boundary === undefined
      ? {}
      : { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: isWithin } }),
  }
}

function matchedStatements({ policy, policyType, statements }: PolicyTrace, source: string): XmlTree[] {
  return statements.flatMap(({ applies }, index) => {
    if (!applies) return []
    // A single statement may be without a list.
    const extent = extentAt(source, ['Statement', index]) ?? extentAt(source, ['Statement'])
    return [
      {
        SourcePolicyId: policy,
        SourcePolicyType: sourceTypes[policyType],
        ...(extent && { StartPosition: placeOf(extent.start), EndPosition: placeOf(extent.end) }),
      },
    ]
  })
}

const placeOf = ({ line, column }: Position): XmlTree => ({ Line: line, Column: column })

const sourceTypes: Readonly<Record<string, string>> = {
  'identity-based': 'IAM Policy',
  'resource-based': 'Resource Policy',
  'permissions-boundary': 'PermissionsBoundary Policy',
  session: 'Session Policy',
}

/** Keys in lower case, except for the part after a slash. */
function readContext(params: QueryParams): { context: ContextLookup; provided: ReadonlySet<string> } {
  const values = new Map<string, string[]>()
  for (const entry of params.structures('ContextEntries')) {
    const name = entry.get('ContextKeyName', { min: 5, max: 256 })
    const slash = name.indexOf('/')
    const key = slash === -1 ? name.toLowerCase() : name.slice(0, slash).toLowerCase() + name.slice(slash)
    values.set(key, entry.list('ContextKeyValues'))
  }
  const provided = new Set([...values.keys()].map((key) => key.toLowerCase()))
  return { context: (key) => values.get(key), provided }
}

/** Keys that the engine fills in itself. */
const derived = /^aws:(currenttime|epochtime|principal|userid$|username$|resourceaccount)/i
const isDerived = (key: string): boolean => derived.test(key)

/** The documents in the order of an explanation. */
const documentsIn = ({ identity, boundary, session = [], resource }: Policies): PolicyDocument[] =>
  [...identity, resource, boundary, ...session].flatMap((one) => (one === undefined ? [] : [one.policy.document]))
