/** The one authentication and the one authorization. Default is deny. */
import type { BucketPolicyBook } from '#identity/bucket-policies.ts'
import type { Identities, Identity } from '#identity/identities.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { aclAllows, isObjectOwnersSay } from '#policy/acl-evaluation.ts'
import { type PresentedCredentials, parseCredentials } from '#signature/credentials.ts'
import { declaredPayload } from '#signature/declared-payload.ts'
import { verifyFormSignature } from '#signature/post-policy.ts'
import type { Payload, SignableRequest } from '#signature/request.ts'
import { isSame } from '#signature/signing-key.ts'
import { verifyV2 } from '#signature/v2.ts'
import { verifyV4 } from '#signature/v4.ts'
import type { Caller, Gatekeeper, Resource } from './caller.ts'
import { Lockout } from './lockout.ts'

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

const unsigned = { kind: 'unsigned' } as const

export function createGatekeeper({ identities, policies, settings }: GatekeeperOptions): Gatekeeper {
  const lockout = new Lockout(settings.authMaxAttempts, settings.authLockoutMinutes)

  function identify(accessKeyId: string, sessionToken: string | undefined): Identity {
    const identity = identities.findByAccessKey(accessKeyId)
    if (identity === undefined) throw new ApiError('InvalidAccessKeyId', { fields: { AWSAccessKeyId: accessKeyId } })
    if (identity.sessionToken !== undefined || sessionToken !== undefined) {
      if (!isSame(identity.sessionToken ?? '', sessionToken ?? '')) throw new ApiError('InvalidToken')
    }
    return identity
  }

  function authenticate(request: SignableRequest): Caller {
    const credentials = parseCredentials(request)
    switch (credentials.kind) {
      case 'anonymous':
        return { principal: anonymous, via: 'anonymous', payload: declaredPayload(request) }
      case 'v4-header':
      case 'v4-query': {
        const identity = identify(credentials.accessKeyId, credentials.sessionToken)
        const payload = verifyV4(request, credentials, identity.secretAccessKey, settings, Date.now())
        return { principal: identity.principal, via: credentials.kind === 'v4-query' ? 'query' : 'header', payload }
      }
      case 'v2-header':
      case 'v2-query': {
        const { signatureV2 } = settings
        if (signatureV2 === 'off' || (signatureV2 === 'presigned' && credentials.kind === 'v2-header')) {
          throw new ApiError('InvalidRequest', {
            message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
          })
        }
        const identity = identify(credentials.accessKeyId, credentials.sessionToken)
        const { virtualHostDomains } = settings
        verifyV2(request, credentials, identity.secretAccessKey, { nowMs: Date.now(), virtualHostDomains })
        return {
          principal: identity.principal,
          via: credentials.kind === 'v2-query' ? 'query' : 'header',
          payload: declaredPayload(request),
        }
      }
      case 'plain-keys':
        return authenticatePlainKeys(credentials, declaredPayload(request))
      default:
        throw new ApiError('AccessDenied')
    }
  }

  function authenticatePlainKeys(
    credentials: Extract<PresentedCredentials, { kind: 'plain-keys' }>,
    payload: Payload,
  ): Caller {
    if (!settings.plainKeyAuth) throw new ApiError('AccessDenied')
    const { accessKeyId, secretAccessKey } = credentials
    lockout.check(accessKeyId)
    const identity = identities.findByAccessKey(accessKeyId)
    const isRight = isSame(identity?.secretAccessKey ?? '', secretAccessKey) && identity !== undefined
    if (!isRight) {
      lockout.fail(accessKeyId)
      // The same answer whether the key exists or not.
      throw new ApiError('AccessDenied', { message: 'Invalid credentials' })
    }
    lockout.succeed(accessKeyId)
    return { principal: identity.principal, via: 'plain-keys', payload }
  }

  function authenticateForm(fields: ReadonlyMap<string, string>): Caller {
    let identity: Identity | undefined
    verifyFormSignature(fields, settings, (accessKeyId) => {
      identity = identify(accessKeyId, fields.get('x-amz-security-token'))
      return identity.secretAccessKey
    })
    if (identity === undefined) return { principal: anonymous, via: 'anonymous', payload: unsigned }
    return { principal: identity.principal, via: 'form', payload: unsigned }
  }

  function may(principal: Principal, action: string, resource: Resource): boolean {
    const identity = principal.isAnonymous ? undefined : identities.findByAccessKey(principal.accessKeyId)
    if (!principal.isAnonymous && identity === undefined) return false
    const isGranted = identity?.grants(action, resource.bucket?.name) === true
    if (resource.bucket === undefined || resource.bucket.ownerId === '') return isGranted
    const { bucket, object } = resource
    const { name, ownerId } = bucket
    const arn = resource.key === undefined ? `arn:aws:s3:::${name}` : `arn:aws:s3:::${name}/${resource.key}`
    const isOwner = identity !== undefined && ownerId === principal.canonicalId
    const decision = policies.evaluate(name, { names: identity?.names ?? [] }, action, arn)
    // Whoever owns the bucket can always mend its policy, as an account's root can on AWS.
    if (isOwner && isGranted && /^s3:(Get|Put|Delete)BucketPolicy$/.test(action)) return true
    if (decision === 'Deny' || (decision === 'invalid' && !isOwner)) return false
    const sayOf = object !== undefined && isObjectOwnersSay(action) ? object.ownerId : ownerId
    const isOwn = principal.canonicalId === sayOf
    // An anonymous owner has no account whose policies could say more.
    if (isOwn && (isGranted || principal.isAnonymous)) return true
    // A bucket's policy cannot give away what belongs to another account.
    const isRestricted = bucket.publicAccessBlock?.restrictPublicBuckets === true && !isOwner && policies.isPublic(name)
    const isAllowedByPolicy = decision === 'Allow' && sayOf === ownerId && !isRestricted
    if (!isAllowedByPolicy && !aclAllows(principal, action, { bucket, object })) return false
    return principal.isAnonymous || isGranted || isOwn
  }

  return {
    authenticate,
    authenticateForm,
    may,
    authorize(principal, action, resource) {
      if (!may(principal, action, resource)) throw new ApiError('AccessDenied')
    },
  }
}
