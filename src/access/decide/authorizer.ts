/** The authorization of all requests: gathers the policies that apply, lets the engine decide, and records refusals. */

import { keptConnection } from '#access/caller/connection.ts'
import type { AskedDecision, RequestFacts } from '#access/caller/request-facts.ts'
import type { DecisionJournal } from '#access/records/decision-journal.ts'
import type { UsageLedger } from '#access/records/usage-ledger.ts'
import type { BucketPolicyBook } from '#identity/bucket-policies/bucket-policies.ts'
import { hasAclsEnabled } from '#model/access/object-ownership.ts'
import type { Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { decisionHeader } from '#model/served-request.ts'
import type { AccessRequest } from '#policy/evaluate/access-request.ts'
import { aclAllows, isObjectOwnersSay } from '#policy/evaluate/acl-evaluation.ts'
import { type Decision, evaluate, type NamedPolicy } from '#policy/evaluate/evaluate.ts'
import { explain } from '#policy/evaluate/explain.ts'
import type { Requester } from '#policy/requester.ts'
import { accessDenied, allBuckets, denialMessage, refusalMessage, withDecision } from './denial.ts'
import { lockedPolicy } from './locked-policy.ts'
import { keepToOwner, mayMend, withoutResource } from './owners-account.ts'
import { type ContextOptions, createContext } from './request-context.ts'
import { lacksPayer } from './requester-pays.ts'
import { type ArnResource, type Asking, askingOf, type Resource } from './resource.ts'

export interface AuthorizerOptions {
  readonly policies: BucketPolicyBook
  /** The account of a bucket's owner, by canonical id. */
  readonly findAccount: (canonicalId: string) => string | undefined
  /** The server's own account. Its administrators see what belongs to no account. */
  readonly ownAccount: () => string
  readonly context: ContextOptions
  readonly journal: DecisionJournal
  readonly ledger: UsageLedger
  /** `log`: requests with a valid signature are allowed whatever the decision; the decision is recorded. */
  readonly enforce: 'on' | 'log'
  readonly onSoftDenial: (fields: object) => void
}

interface Refusal {
  readonly asked: AskedDecision
  /** The same question with all facts, for the record. */
  readonly traced: (facts: RequestFacts) => AskedDecision
  readonly decision: Decision
  readonly accessKeyId: string
  readonly bucket: string | undefined
  readonly facts: RequestFacts
}

export interface RefusalRecorder {
  /** Records an AccessDenied that no policy made. The returned error has AWS's message and the id of the record. */
  recordRefusal(
    error: ApiError,
    principal: Principal,
    action: string,
    resource: Resource,
    facts: RequestFacts,
  ): ApiError
  /** Like `recordRefusal`, for resources that are known only by ARN. */
  recordArnRefusal(
    error: ApiError,
    asking: Asking,
    action: string,
    resource: ArnResource,
    facts: RequestFacts,
  ): ApiError
}

export interface Authorizer extends RefusalRecorder {
  question(principal: Principal, action: string, resource: Resource, facts: RequestFacts): AskedDecision
  decide(question: AskedDecision): Decision
  /** See Gatekeeper.authorize. */
  authorize(principal: Principal, action: string, resource: Resource, facts: RequestFacts): void
  /** See Gatekeeper.authorizeArn. */
  authorizeArn(asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): void
  /** See Gatekeeper.mayArn. */
  mayArn(asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): boolean
}

const lockedBucket = lockedPolicy('bucket_policies.json', 'TheBucketPolicyIsInvalid')

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { policies: book, journal, ledger, context } = options

  function question(principal: Principal, action: string, resource: Resource, facts: RequestFacts): AskedDecision {
    const { requester, policies: own } = askingOf(principal)
    const request = {
      principal: requester,
      action,
      resource: arnOf(resource),
      resourceAccount: accountOf(ownerOf(action, resource), requester),
      context: createContext(context, facts, action, resource),
      clock: context.clock,
    }
    const { bucket } = resource
    if (bucket === undefined || bucket.ownerId === '') return { request, policies: own }
    const acl = hasAclsEnabled(bucket) ? () => aclGrants(principal, action, resource) : undefined
    const policy = bucketPolicyFor(principal, action, resource)
    const { identity: granted, boundary, session } = own
    return { request, policies: { identity: granted, boundary, session, resource: policy, acl } }
  }

  /**
   * A bucket's policy can deny anything in the bucket. It cannot allow access to objects that another account owns.
   * Where RestrictPublicBuckets applies, it allows nothing to other accounts and anonymous requesters.
   */
  function bucketPolicyFor(principal: Principal, action: string, resource: Resource): NamedPolicy | undefined {
    const { bucket } = resource
    const policy = bucket && book.policyOf(bucket.name)
    if (bucket === undefined || policy === undefined || policy === 'invalid') return policy && lockedBucket
    const isRestricted =
      bucket.publicAccessBlock?.restrictPublicBuckets === true &&
      principal.canonicalId !== bucket.ownerId &&
      book.isPublic(bucket.name)
    return isRestricted || ownerOf(action, resource) !== bucket.ownerId ? withoutAllows(policy) : policy
  }

  /** A resource that does not exist yet will belong to the requester's account. */
  function accountOf(ownerId: string | undefined, { canonicalId, account }: Requester): string {
    if (ownerId === undefined || ownerId === '') return account === '' ? options.ownAccount() : account
    if (ownerId === canonicalId) return account
    return options.findAccount(ownerId) ?? ownerId
  }

  function decide({ request, policies }: AskedDecision): Decision {
    const decision = evaluate(request, policies)
    if (decision.reason !== 'explicit-deny' || decision.policyType !== 'resource-based') return decision
    return mayMend(request, policies) ? evaluate(request, withoutResource(policies)) : decision
  }

  function authorize(principal: Principal, action: string, resource: Resource, facts: RequestFacts): void {
    const asked = question(principal, action, resource, facts)
    const decision = decide(asked)
    if (decision.outcome === 'Allow') {
      keepToOwner(asked, facts)
      requirePayer(asked, principal, resource, facts)
      facts.allowed?.add(asked, decision, resource, facts)
      if (!principal.isAnonymous) ledger.count(principal.accessKeyId, action, resource.bucket?.name, resource.key)
      return
    }
    // Statements that were not reached may need tags that were not loaded.
    const traced = (kept: RequestFacts) => question(principal, action, { object: null, ...resource }, kept)
    refuse({ asked, traced, decision, accessKeyId: principal.accessKeyId, bucket: resource.bucket?.name, facts })
    keepToOwner(asked, facts)
  }

  /** AccessDenied for actions that a policy allows only to requesters who pay. */
  function requirePayer(
    { request }: AskedDecision,
    principal: Principal,
    resource: Resource,
    facts: RequestFacts,
  ): void {
    if (!lacksPayer(principal, request.action, resource, facts)) return
    const cause = new Error('The bucket is a Requester Pays bucket: send x-amz-request-payer: requester, signed.')
    const refusal = noted(
      new ApiError('AccessDenied', { cause }),
      request,
      principal.accessKeyId,
      resource.bucket?.name,
      facts,
    )
    if (options.enforce !== 'log' || principal.isAnonymous) throw refusal
    options.onSoftDenial({ decisionId: refusal.headers[decisionHeader], message: cause.message })
  }

  function arnAskedDecision(
    asking: Asking,
    action: string,
    { arn, account, policy }: ArnResource,
    facts: RequestFacts,
  ) {
    const request = {
      principal: asking.requester,
      action,
      resource: arn,
      resourceAccount: account,
      context: createContext(context, facts, action, {}),
      clock: context.clock,
    }
    const { policies } = asking
    return {
      request,
      policies: policy === undefined ? policies : { ...policies, resource: policy, isResourceNeeded: true as const },
    }
  }

  const mayArn: Authorizer['mayArn'] = (...asked) => {
    const { request, policies } = arnAskedDecision(...asked)
    return evaluate(request, policies).outcome === 'Allow'
  }

  function authorizeArn(asking: Asking, action: string, resource: ArnResource, facts: RequestFacts): void {
    const asked = arnAskedDecision(asking, action, resource, facts)
    const decision = evaluate(asked.request, asked.policies)
    const { accessKeyId = '' } = asking
    if (decision.outcome === 'Allow' || (resource.needsNoAllow && decision.reason === 'implicit-deny')) {
      facts.allowed?.add(asked, decision, {}, facts)
      if (accessKeyId !== '') ledger.count(accessKeyId, action, undefined, undefined)
      return
    }
    refuse({ asked, traced: () => asked, decision, accessKeyId, bucket: undefined, facts })
  }

  /** Throws AccessDenied, unless ENFORCE=log allows the request and only records the decision. */
  function refuse({ asked, traced, decision, accessKeyId, bucket, facts }: Refusal): void {
    const { principal } = asked.request
    const isLetIn = options.enforce === 'log' && principal.account !== ''
    const message = denialMessage(asked.request, decision, asked.policies)
    // The record is written later, when the connection may already be closed.
    const kept = { ...facts, socket: keptConnection(facts.socket) }
    const id = journal.record(() => ({
      outcome: isLetIn ? 'Allow' : 'Deny',
      code: 'AccessDenied',
      message,
      requester: describe(accessKeyId, asked.request),
      sourceAddress: context.clientAddress.address(kept),
      request: { ...summary(asked.request), ...(bucket === undefined ? {} : { bucket }) },
      decision,
      policies: explain(traced(kept).request, asked.policies).policies,
    }))
    if (!isLetIn) throw accessDenied(message, id)
    options.onSoftDenial({ decisionId: id, message })
  }

  const recordRefusal: Authorizer['recordRefusal'] = (error, principal, action, resource, facts) => {
    const { request } = question(principal, action, resource, facts)
    return noted(error, request, principal.accessKeyId, resource.bucket?.name, facts)
  }

  const recordArnRefusal: Authorizer['recordArnRefusal'] = (error, asking, action, resource, facts) => {
    const { request } = arnAskedDecision(asking, action, resource, facts)
    return noted(error, request, asking.accessKeyId ?? '', undefined, facts)
  }

  function noted(
    error: ApiError,
    request: AccessRequest,
    accessKeyId: string,
    bucket: string | undefined,
    facts: RequestFacts,
  ): ApiError {
    const message = refusalMessage(request, error)
    const sourceAddress = context.clientAddress.address(facts)
    const id = journal.record(() => ({
      outcome: 'Deny',
      code: error.code,
      message,
      requester: describe(accessKeyId, request),
      sourceAddress,
      request: { ...summary(request), ...(bucket === undefined ? {} : { bucket }) },
      hint: error.cause instanceof Error ? error.cause.message : error.message,
    }))
    return withDecision(error, id, message)
  }

  return { question, decide, authorize, authorizeArn, mayArn, recordRefusal, recordArnRefusal }
}

/** The object's owner for actions that its owner decides about, otherwise the bucket's owner. */
function ownerOf(action: string, { bucket, object }: Resource): string | undefined {
  return object && isObjectOwnersSay(action) ? object.ownerId : bucket?.ownerId
}

/**
 * An object written anonymously belongs to the anonymous principal, which has no account and no policies: its owner has
 * access.
 */
function aclGrants(principal: Principal, action: string, resource: Resource): boolean {
  const { bucket, object } = resource
  if (principal.isAnonymous && principal.canonicalId === ownerOf(action, resource)) return true
  return bucket !== undefined && aclAllows(principal, action, { bucket, object: object ?? undefined })
}

function withoutAllows({ name, policy }: NamedPolicy): NamedPolicy {
  const statementsFor = (action: string) => ({ denies: policy.statementsFor(action).denies, allows: [] })
  return { name, policy: { ...policy, statementsFor } }
}

function arnOf({ bucket, key }: Resource): string {
  if (bucket === undefined) return allBuckets
  return key === undefined ? `arn:aws:s3:::${bucket.name}` : `arn:aws:s3:::${bucket.name}/${key}`
}

function describe(accessKeyId: string, { principal }: AccessRequest) {
  const { type, arn, account, userName } = principal
  return { type, arn, account, accessKeyId, ...(userName === undefined ? {} : { userName }) }
}

const summary = ({ action, resource, resourceAccount }: AccessRequest) => ({ action, resource, resourceAccount })
