/**
 * The session token contains the temporary credentials, encrypted with a key derived from SECRET_KEY. So every process
 * knows them at once, restarts do not end them, and nothing is stored. Their origin is named by unique ids, which are
 * looked up at every use.
 */
import { randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as z from 'zod'
import { newKeyId } from '#identity/entities/access-key.ts'
import { policyText } from '#identity/entities/entity.ts'
import { Seal } from '#keyring/seal.ts'
import type { Clock } from '#lib/clock.ts'
import { ApiError } from '#model/errors.ts'

const texts = z.record(z.string(), z.string())

const claimsSchema = z.object({
  kind: z.enum(['session-token', 'federation-token', 'role', 'web-identity']),
  accessKeyId: z.string(),
  secret: z.string(),
  account: z.string(),
  issuedAtMs: z.number(),
  expiresAtMs: z.number(),
  /** The long-lived key at the start of the chain. */
  sourceKeyId: z.string().optional(),
  /** Unique ids of the role, or of the user who requested the token (none for the root). */
  userId: z.string().optional(),
  roleId: z.string().optional(),
  /** Name of the session, or of the federated user. */
  name: z.string().optional(),
  /** Session policies: a document as it was given, and ARNs of managed ones. */
  policy: policyText.optional(),
  policyArns: z.array(z.string()).default([]),
  tags: texts.default({}),
  transitiveTagKeys: z.array(z.string()).default([]),
  sourceIdentity: z.string().optional(),
  /** URL of the provider of a web identity. */
  providerUrl: z.string().optional(),
  /** Further condition keys, names in lower case. */
  context: texts.default({}),
})
export type SessionClaims = z.infer<typeof claimsSchema>
export type NewSession = Omit<SessionClaims, 'accessKeyId' | 'secret' | 'issuedAtMs'>

export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAtMs: number
}

const tokenCharactersMax = 16_384
const cachedMax = 2000
/** The packed size of policies and tags. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const packedBytesMax = 2048

export class SessionTokens {
  readonly #seal: Seal
  readonly #clock: Clock
  /** Decrypted tokens, least recently used first. */
  readonly #opened = new Map<string, SessionClaims>()

  constructor(secretKey: string, clock: Clock) {
    this.#seal = new Seal(secretKey, 'session tokens')
    this.#clock = clock
  }

  /**
   * PackedPolicyTooLarge. `packedPercent`: the size of its policies and tags as a percentage of the limit; undefined
   * without any.
   */
  issue(session: NewSession): { credentials: TemporaryCredentials; packedPercent: number | undefined } {
    const packedPercent = measurePacked(session)
    const accessKeyId = newKeyId('ASIA', session.account)
    const secret = randomBytes(30).toString('base64')
    const claims: SessionClaims = { ...session, accessKeyId, secret, issuedAtMs: this.#clock.nowMs() }
    const sessionToken = this.#seal.encode(deflateRawSync(JSON.stringify(claims))).toString('base64')
    const { expiresAtMs } = session
    return { credentials: { accessKeyId, secretAccessKey: secret, sessionToken, expiresAtMs }, packedPercent }
  }

  /** Undefined if it is not a token of this server, or not of this access key. */
  find(accessKeyId: string, token: string): SessionClaims | undefined {
    const claims = this.#opened.get(token) ?? this.#open(token)
    if (claims === undefined || claims.accessKeyId !== accessKeyId) return undefined
    this.#remember(token, claims)
    return claims
  }

  #open(token: string): SessionClaims | undefined {
    if (token.length > tokenCharactersMax) return undefined
    const packed = this.#seal.decode(Buffer.from(token, 'base64'))
    if (packed === undefined) return undefined
    return claimsSchema.parse(JSON.parse(inflateRawSync(packed).toString()))
  }

  #remember(token: string, claims: SessionClaims): void {
    this.#opened.delete(token)
    this.#opened.set(token, claims)
    if (this.#opened.size <= cachedMax) return
    for (const oldest of this.#opened.keys()) {
      this.#opened.delete(oldest)
      break
    }
  }
}

function measurePacked({ policy, policyArns, tags, transitiveTagKeys }: NewSession): number | undefined {
  if (policy === undefined && policyArns.length === 0 && Object.keys(tags).length === 0) return undefined
  const packed = deflateRawSync(JSON.stringify([policy, policyArns, tags, transitiveTagKeys]))
  const percent = Math.ceil((packed.length * 100) / packedBytesMax)
  if (percent > 100) {
    throw new ApiError('PackedPolicyTooLarge', {
      message: `Packed size of session tags and session policies is ${percent}% of the allotted ones.`,
    })
  }
  return percent
}
