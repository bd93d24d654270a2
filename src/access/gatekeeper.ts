/** The one authentication, and the door to the one authorization. Default is deny. */
import type { Identities } from '#identity/identities.ts'
import type { Identity } from '#identity/identity.ts'
import { anonymous } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { type PresentedCredentials, parseCredentials } from '#signature/credentials.ts'
import { declaredPayload } from '#signature/declared-payload.ts'
import { verifyFormSignature } from '#signature/post-policy.ts'
import type { Payload, SignableRequest } from '#signature/request.ts'
import { isSame } from '#signature/signing-key.ts'
import { verifyV2 } from '#signature/v2.ts'
import { verifyV4 } from '#signature/v4.ts'
import type { Authorizer } from './authorizer.ts'
import type { Caller, Gatekeeper } from './caller.ts'
import type { DecisionJournal } from './decision-journal.ts'
import { decisionHeader } from './denial.ts'
import { hintOf, recordFailure } from './failed-authentication.ts'
import { Lockout } from './lockout.ts'
import { ObjectNeeded } from './object-needed.ts'

export interface GatekeeperSettings {
  readonly region: string
  readonly service: string
  /** Values of Host that are as good as the one received. */
  readonly hosts: readonly string[]
  /** Where this server listens, for hints. */
  readonly apiPort?: number
  readonly plainKeyAuth: boolean
  /** `presigned`: in queries only, where boto3 and aws still use it by default. */
  readonly signatureV2: 'off' | 'presigned' | 'on'
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
  readonly virtualHostDomains: readonly string[]
}

export interface GatekeeperOptions {
  readonly identities: Identities
  readonly authorizer: Authorizer
  readonly journal: DecisionJournal
  readonly log: { warn(fields: object, message: string): void }
  readonly settings: GatekeeperSettings
}

const unsigned = { kind: 'unsigned' } as const

export function createGatekeeper({ identities, authorizer, journal, log, settings }: GatekeeperOptions): Gatekeeper {
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
    try {
      return verify(request, credentials)
    } catch (error) {
      throw error instanceof ApiError ? explained(error, request, credentials) : error
    }
  }

  /** Says in the log and the journal what is probably wrong; the client learns what AWS tells. */
  function explained(error: ApiError, request: SignableRequest, credentials: PresentedCredentials): ApiError {
    if (credentials.kind === 'anonymous' || credentials.kind === 'plain-keys') return error
    const identity = identities.findByAccessKey(credentials.accessKeyId)
    if (identity === undefined) return error
    const forwarded = request.headers['x-forwarded-host']
    const own = ['localhost', '127.0.0.1'].map((name) => `${name}:${settings.apiPort ?? 5000}`)
    const hosts = [...settings.hosts, ...own, ...(forwarded === undefined ? [] : [String(forwarded)])]
    const failed = { error, identity, hosts, region: settings.region }
    const hint = hintOf(failed)
    if (hint === undefined) return error
    const decisionId = recordFailure(journal, failed, hint)
    log.warn({ accessKeyId: identity.accessKeyId, code: error.code, hint, decisionId }, 'authentication failed')
    const { code, message, fields, headers } = error
    return new ApiError(code, { message, fields, headers: { ...headers, [decisionHeader]: decisionId } })
  }

  function verify(request: SignableRequest, credentials: PresentedCredentials): Caller {
    switch (credentials.kind) {
      case 'anonymous':
        return { principal: anonymous, via: 'anonymous', payload: declaredPayload(request) }
      case 'v4-header':
      case 'v4-query': {
        const identity = identify(credentials.accessKeyId, credentials.sessionToken)
        const payload = verifyV4(request, credentials, identity.secretAccessKey, settings, Date.now())
        return {
          principal: identity,
          via: credentials.kind === 'v4-query' ? 'query' : 'header',
          payload,
          signature: { version: 'AWS4-HMAC-SHA256', timestamp: credentials.timestamp },
        }
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
          principal: identity,
          via: credentials.kind === 'v2-query' ? 'query' : 'header',
          payload: declaredPayload(request),
          signature: { version: 'AWS', timestamp: undefined },
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
    return { principal: identity, via: 'plain-keys', payload }
  }

  function authenticateForm(fields: ReadonlyMap<string, string>): Caller {
    let identity: Identity | undefined
    verifyFormSignature(fields, settings, (accessKeyId) => {
      identity = identify(accessKeyId, fields.get('x-amz-security-token'))
      return identity.secretAccessKey
    })
    if (identity === undefined) return { principal: anonymous, via: 'anonymous', payload: unsigned }
    const version = fields.has('x-amz-signature') ? 'AWS4-HMAC-SHA256' : 'AWS'
    return { principal: identity, via: 'form', payload: unsigned, signature: { version, timestamp: undefined } }
  }

  const may: Gatekeeper['may'] = (...asked) => {
    try {
      return authorizer.decide(authorizer.question(...asked)).outcome === 'Allow'
    } catch (error) {
      if (error instanceof ObjectNeeded) return false
      throw error
    }
  }

  return {
    authenticate,
    authenticateForm,
    authorize: authorizer.authorize,
    may,
  }
}
