/**
 * Tokens of OpenID Connect issuers. The algorithms are pinned: `none` and shared-secret algorithms are refused, since
 * an issuer's public key could be used as a secret. A token must have an expiry and an audience.
 */
import { decodeJwt, errors, jwtVerify } from 'jose'
import * as z from 'zod'
import type { OidcProvider } from '#identity/entities/oidc-provider.ts'
import { ApiError } from '#model/errors.ts'
import type { StsServices } from './request.ts'

export interface WebToken {
  readonly subject: string
  readonly audience: string
  /** Condition keys of the issuer, without its name. */
  readonly keys: Readonly<Record<string, string>>
  readonly tags: Record<string, string>
  readonly transitiveTagKeys: string[]
  readonly sourceIdentity: string | undefined
}

type Services = Pick<StsServices, 'issuerKeys' | 'clock'>

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const clockToleranceSeconds = 30

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp */
const claimsSchema = z.object({
  sub: z.string().min(1).max(512),
  aud: z.union([z.string(), z.array(z.string()).min(1)]),
  azp: z.string().optional(),
  'https://aws.amazon.com/tags': z
    .object({
      principal_tags: z.record(z.string().min(1).max(128), z.tuple([z.string().max(256)])).default({}),
      transitive_tag_keys: z.array(z.string()).default([]),
    })
    .optional(),
  'https://aws.amazon.com/source_identity': z.string().min(2).max(64).optional(),
})

const invalid = (message: string, cause?: unknown): ApiError => new ApiError('InvalidIdentityToken', { message, cause })

/** The issuer that a token claims, not verified yet. InvalidIdentityToken. */
export function issuerOf(text: string): string {
  try {
    // Typed as text, but not verified yet.
    const iss: unknown = decodeJwt(text).iss
    if (typeof iss === 'string' && iss !== '') return iss
  } catch (error) {
    throw invalid(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
      error,
    )
  }
  throw invalid('Missing a required claim: iss')
}

/** InvalidIdentityToken, ExpiredTokenException, IDPCommunicationError. */
export async function verifyWebToken(text: string, provider: OidcProvider, services: Services): Promise<WebToken> {
  const claims = claimsSchema.safeParse(await verifiedClaims(text, provider, services))
  if (!claims.success) {
    const [issue] = claims.error.issues
    throw invalid(`A claim of the token is not valid: ${issue?.path.join('.')}`)
  }
  const { sub, aud, azp, ...more } = claims.data
  const audiences = typeof aud === 'string' ? [aud] : aud
  const { clientIds } = provider
  // If there is an authorized party, the token was issued to it. Further audiences do not change that.
  const issuedTo = azp === undefined ? audiences : [azp]
  // For an issuer without client ids, trust policies check the audience.
  const isForUs = clientIds.length === 0 || issuedTo.some((one) => clientIds.includes(one))
  if (!isForUs) throw invalid('Incorrect token audience')
  const [first = ''] = audiences
  const given = more['https://aws.amazon.com/tags']
  return {
    subject: sub,
    audience: azp ?? first,
    keys: {
      sub,
      aud: azp ?? first,
      // Ceph's condition key for the audience.
      app_id: first,
      ...(azp === undefined ? {} : { azp, oaud: first }),
    },
    tags: Object.fromEntries(Object.entries(given?.principal_tags ?? {}).map(([name, [value]]) => [name, value])),
    transitiveTagKeys: given?.transitive_tag_keys ?? [],
    sourceIdentity: more['https://aws.amazon.com/source_identity'],
  }
}

async function verifiedClaims(text: string, provider: OidcProvider, { issuerKeys, clock }: Services): Promise<unknown> {
  const issuers = [provider.url, provider.url.replace(/\/$/, ''), `${provider.url.replace(/\/$/, '')}/`]
  try {
    const { payload } = await jwtVerify(text, (header) => issuerKeys.find(provider, header), {
      algorithms,
      issuer: issuers,
      requiredClaims: ['exp', 'sub', 'aud'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock.nowMs()),
    })
    return payload
  } catch (error) {
    if (error instanceof ApiError) throw error
    if (error instanceof errors.JWTExpired) {
      throw new ApiError('ExpiredTokenException', { message: 'Token expired', cause: error })
    }
    if (error instanceof errors.JOSEError) throw invalid("Couldn't verify the signature or a claim of the token", error)
    throw error
  }
}
