/** The one authentication and the one authorization. Default is deny. */
import type { BucketPolicyBook } from '#identity/bucket-policies.ts'
import type { Identities } from '#identity/identities.ts'
import { Identity } from '#identity/identity.ts'
import type { Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { type Decision, evaluate } from '#policy/evaluate.ts'
import { createAuthenticator } from './authenticator.ts'
import type { ArnResource, Asking, Gatekeeper, Resource } from './caller.ts'

export interface GatekeeperSettings {
  readonly region: string
  readonly service: string
  /** Values of Host that are as good as the one received. */
  readonly hosts: readonly string[]
  readonly plainKeyAuth: boolean
  /** `presigned`: in queries only, where boto3 and aws still use it by default. */
  readonly signatureV2: 'off' | 'presigned' | 'on'
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
  readonly virtualHostDomains: readonly string[]
}

export interface GatekeeperOptions {
  readonly identities: Identities
  readonly policies: BucketPolicyBook
  readonly settings: GatekeeperSettings
}

export function createGatekeeper({ identities, policies, settings }: GatekeeperOptions): Gatekeeper {
  function may(principal: Principal, action: string, resource: Resource): boolean {
    const identity = principal instanceof Identity ? identities.findAgain(principal) : undefined
    if (!principal.isAnonymous && identity === undefined) return false
    const { name = '', ownerId = '' } = resource.bucket ?? {}
    const arn =
      name === '' ? '*' : resource.key === undefined ? `arn:aws:s3:::${name}` : `arn:aws:s3:::${name}/${resource.key}`
    const isGranted =
      identity !== undefined && decide(identity, action, { arn, account: identity.account }).outcome === 'Allow'
    if (ownerId === '') return isGranted
    const isOwner = identity !== undefined && ownerId === principal.canonicalId
    const decision = policies.evaluate(name, { names: identity?.requester.aliases ?? [] }, action, arn)
    if (isOwner && isGranted && /^s3:(Get|Put|Delete)BucketPolicy$/.test(action)) return true
    if (decision === 'Deny') return false
    if (isOwner) return isGranted || decision === 'Allow'
    return decision === 'Allow' && (principal.isAnonymous || isGranted)
  }

  function decide({ requester, policies }: Asking, action: string, resource: ArnResource): Decision {
    const { arn, account, context, trust } = resource
    const request = {
      principal: requester,
      action,
      resource: arn,
      resourceAccount: account,
      context: context ?? (() => undefined),
    }
    return evaluate(request, trust === undefined ? policies : { ...policies, resource: trust })
  }

  return {
    ...createAuthenticator(identities, settings),
    may,
    authorize(principal, action, resource) {
      if (!may(principal, action, resource)) throw new ApiError('AccessDenied')
    },
    authorizeArn(principal, action, resource) {
      const { outcome, reason } = decide(principal, action, resource)
      if (outcome === 'Allow' || (resource.needsNoAllow && reason === 'implicit-deny')) return
      throw new ApiError('AccessDenied', {
        message: `User: ${principal.requester.arn} is not authorized to perform: ${action} on resource: ${resource.arn}`,
      })
    },
  }
}
