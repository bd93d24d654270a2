/** Authenticates a request by its credentials. */
import { createHash } from 'node:crypto'
import { withDecision } from '#access/decide/denial.ts'
import type { DecisionJournal } from '#access/records/decision-journal.ts'
import { hintOf, recordFailure } from '#access/records/failed-authentication.ts'
import { Lockout } from '#access/sign-in/lockout.ts'
import { attemptsOfAddress, SharedLockout } from '#access/sign-in/shared-lockout.ts'
import type { Identities } from '#identity/identities.ts'
import type { Identity } from '#identity/identity.ts'
import type { Clock } from '#lib/clock.ts'
import type { Awaitable, MetadataEngine } from '#metadata/engine.ts'
import { anonymous } from '#model/account.ts'
import { createBucketHostReader } from '#model/bucket/bucket-host.ts'
import { hasRegion, type Regions, signedRegionOf } from '#model/bucket/bucket-region.ts'
import { ApiError } from '#model/errors.ts'
import {
  type PlainCredentials,
  type PresentedCredentials,
  parseCredentials,
  type V2Credentials,
  type V4Credentials,
} from '#signature/credentials.ts'
import { declaredPayload } from '#signature/declared-payload.ts'
import { verifyFormSignature } from '#signature/post-policy.ts'
import type { SignableRequest } from '#signature/request.ts'
import { isSame } from '#signature/signing-key.ts'
import { unsupportedV2, verifyV2 } from '#signature/v2.ts'
import { type V4Options, verifyV4 } from '#signature/v4.ts'
import type { Addressed, Caller, ReceivedSignable } from './caller.ts'
import { type ClaimedKey, claimedKey } from './claimed-key.ts'
import type { ClientAddress } from './client-address.ts'
import type { RequestFacts } from './request-facts.ts'

const unsigned = { kind: 'unsigned' } as const
const anonymousCaller: Caller = { principal: anonymous, via: 'anonymous', payload: unsigned }

/** The region that requests to IAM and STS may be signed for, beside the server's own. */
const globalRegion = 'us-east-1'
/** The region in signatures of clients that have no region configured, such as boto3 with `region_name=''`. */
const noRegion = ''

/** Headers that proxies add to a request. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

type Came = Pick<RequestFacts, 'headers' | 'socket'>

export interface AuthenticatorSettings extends Regions {
  readonly service: string
  /** Values of Host that a signature may cover instead of the one received. */
  readonly hosts: readonly string[]
  /** The port of this server, for hints. */
  readonly apiPort?: number
  readonly plainKeyAuth: boolean
  /** `presigned`: in queries only, where boto3 and aws still use it by default. */
  readonly signatureV2: 'off' | 'presigned' | 'on'
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
  readonly virtualHostDomains: readonly string[]
}

export interface AuthenticatorOptions {
  readonly identities: Identities
  readonly journal: DecisionJournal
  readonly clientAddress: ClientAddress
  /** The server's own account. */
  readonly ownAccount: () => string
  readonly log: { warn(fields: object, message: string): void }
  readonly settings: AuthenticatorSettings
  readonly clock: Clock
  /** The engine of the index. */
  readonly index: MetadataEngine
}

export interface Authenticator {
  authenticate(request: ReceivedSignable, addressed?: Addressed): Awaitable<Caller>
  authenticateForm(fields: ReadonlyMap<string, string>, received: Came, addressed?: Addressed): Caller
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { identities, journal, clientAddress, ownAccount, log, settings, clock, index } = options
  const lockout = new Lockout(settings, { clock })
  const sharedLockout = new SharedLockout(settings, { door: 'plain keys', engine: index, attemptsOfAddress, clock })
  const bucketInHost = createBucketHostReader(settings.virtualHostDomains)

  /** What a signature must be for. Written out, because V8 makes a new hidden class for each copy by spread. */
  function scopeOf({ service, region: location }: Addressed): V4Options {
    const own = location === undefined ? undefined : signedRegionOf(location)
    return {
      service: service ?? settings.service,
      region: own ?? settings.region,
      isRegion: (name: string) =>
        name === own ||
        name === noRegion ||
        hasRegion(settings, name) ||
        (service !== undefined && name === globalRegion),
      hosts: settings.hosts,
      bucketInHost,
    }
  }

  function recordUse(identity: Identity, service: string, region = settings.region): void {
    const { session, accessKeyId } = identity
    if (session?.roleId !== undefined) identities.lastUsed.recordUse(session.roleId, service, region)
    else identities.lastUsed.recordUse(session?.sourceKeyId ?? accessKeyId, service, region)
  }

  function verifySigned(request: SignableRequest, credentials: V4Credentials, addressed: Addressed): Caller {
    const identity = identities.identify(credentials.accessKeyId, credentials.sessionToken)
    const scope = scopeOf(addressed)
    const payload = verifyV4(request, credentials, identity.secretAccessKey, scope, clock.nowMs())
    recordUse(identity, scope.service, credentials.region || settings.region)
    return {
      principal: identity,
      via: credentials.kind === 'v4-query' ? 'query' : 'header',
      payload,
      region: credentials.region,
      signature: { version: 'AWS4-HMAC-SHA256', timestamp: credentials.timestamp },
    }
  }

  function verifyOld(request: SignableRequest, credentials: V2Credentials): Caller {
    const { signatureV2 } = settings
    if (signatureV2 === 'off' || (signatureV2 === 'presigned' && credentials.kind === 'v2-header')) {
      throw unsupportedV2()
    }
    const identity = identities.identify(credentials.accessKeyId, credentials.sessionToken)
    verifyV2(request, credentials, identity.secretAccessKey, { nowMs: clock.nowMs(), bucketInHost })
    recordUse(identity, settings.service)
    return {
      principal: identity,
      via: credentials.kind === 'v2-query' ? 'query' : 'header',
      payload: declaredPayload(request),
      signature: { version: 'AWS', timestamp: undefined },
    }
  }

  /**
   * A right secret costs one read of the index, a wrong one is counted before it is answered. Attempts that run at the
   * same time are not counted yet: `lockout` limits them in this process.
   */
  async function verifyPlain(
    { accessKeyId, secretAccessKey, sessionToken }: PlainCredentials,
    request: ReceivedSignable,
  ): Promise<Caller> {
    if (!settings.plainKeyAuth) throw refused('PLAIN_KEY_AUTH is off: secrets in headers are not accepted.')
    const address = clientAddress.address(request) ?? ''
    lockout.begin(accessKeyId, address)
    const identity = findOrUndefined(() => identities.identify(accessKeyId, sessionToken))
    const isRight = isSame(digest(identity?.secretAccessKey ?? ''), digest(secretAccessKey)) && identity !== undefined
    if (!isRight) {
      await sharedLockout.begin(accessKeyId, address)
      // The answer is the same whether the key exists or not.
      const why = identity === undefined ? 'There is no such active access key.' : 'The secret is wrong for this key.'
      throw refused(why, 'Invalid credentials')
    }
    lockout.succeed(accessKeyId, address)
    await sharedLockout.check(accessKeyId, address)
    recordUse(identity, settings.service)
    return { principal: identity, via: 'plain-keys', payload: declaredPayload(request) }
  }

  function authenticate(request: ReceivedSignable, addressed: Addressed = {}): Awaitable<Caller> {
    const refuse = (error: unknown): never => {
      throw error instanceof ApiError ? explained(error, claimedKey(request), request) : error
    }
    try {
      const caller = verify(request, parseCredentials(request), addressed)
      return caller instanceof Promise ? caller.catch(refuse) : caller
    } catch (error) {
      return refuse(error)
    }
  }

  /** Writes the probable cause to the log and the journal. The client gets only AWS's message. */
  function explained(error: ApiError, claimed: ClaimedKey | undefined, received: Came): ApiError {
    const { accessKeyId = '', sessionToken } = claimed ?? {}
    const identity = findOrUndefined(() => identities.identify(accessKeyId, sessionToken))
    const forwarded = received.headers['x-forwarded-host']
    const own = ['localhost', '127.0.0.1'].map((name) => `${name}:${settings.apiPort ?? 5000}`)
    const hosts = [...settings.hosts, ...own, ...(forwarded === undefined ? [] : [String(forwarded)])]
    const isProxied = proxyHeaders.some((name) => received.headers[name] !== undefined)
    const known = { error, accessKeyId, identity, hosts, acceptedHosts: settings.hosts, isProxied }
    const failed = { ...known, sourceAddress: clientAddress.address(received), ownAccount: ownAccount() }
    const hint = hintOf(failed)
    if (hint === undefined) return error
    const decisionId = recordFailure(journal, failed, hint)
    const { sourceAddress } = failed
    const fields = { accessKeyId: identity?.accessKeyId, code: error.code, sourceAddress, hint, decisionId }
    log.warn(fields, 'authentication failed')
    return withDecision(error, decisionId)
  }

  function verify(
    request: ReceivedSignable,
    credentials: PresentedCredentials,
    addressed: Addressed,
  ): Awaitable<Caller> {
    switch (credentials.kind) {
      case 'anonymous':
        return { ...anonymousCaller, payload: declaredPayload(request) }
      case 'v4-header':
      case 'v4-query':
        return verifySigned(request, credentials, addressed)
      case 'v2-header':
      case 'v2-query':
        if (addressed.service !== undefined) throw new ApiError('IncompleteSignature')
        return verifyOld(request, credentials)
      case 'plain-keys':
        return verifyPlain(credentials, request)
      default:
        throw new ApiError('AccessDenied')
    }
  }

  function authenticateForm(fields: ReadonlyMap<string, string>, received: Came, addressed: Addressed = {}): Caller {
    let identity: Identity | undefined
    const sessionToken = fields.get('x-amz-security-token')
    try {
      verifyFormSignature(fields, { ...scopeOf(addressed), takesV2: settings.signatureV2 !== 'off' }, (accessKeyId) => {
        identity = identities.identify(accessKeyId, sessionToken)
        return identity.secretAccessKey
      })
    } catch (error) {
      throw error instanceof ApiError ? explained(error, claimedByForm(fields), received) : error
    }
    if (identity === undefined) return anonymousCaller
    recordUse(identity, settings.service)
    const signature = fields.has('x-amz-signature')
      ? ({ version: 'AWS4-HMAC-SHA256', timestamp: fields.get('x-amz-date') } as const)
      : ({ version: 'AWS', timestamp: undefined } as const)
    return { principal: identity, via: 'form', payload: unsigned, signature }
  }

  return { authenticate, authenticateForm }
}

function claimedByForm(fields: ReadonlyMap<string, string>): ClaimedKey | undefined {
  const accessKeyId = fields.get('x-amz-credential')?.split('/', 1)[0] ?? fields.get('awsaccesskeyid')
  return accessKeyId ? { accessKeyId, sessionToken: fields.get('x-amz-security-token') } : undefined
}

/** The client sees only the message. */
const refused = (why: string, message?: string) =>
  new ApiError('AccessDenied', { cause: new Error(why), ...(message === undefined ? {} : { message }) })

function findOrUndefined<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof ApiError) return undefined
    throw error
  }
}

/** Digests have the same length, so the time of the comparison does not depend on the texts. */
const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
