/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
import { issuerName, type OidcProvider, oidcProviderArn } from '#identity/entities/oidc-provider.ts'
import { ApiError } from '#model/errors.ts'
import type { Requester } from '#policy/requester.ts'
import { expiryAfter, readSessionPolicies, rules } from './reading.ts'
import type { StsRequest, StsRow } from './request.ts'
import { authorizeRole, findRole, formatSession, type RoleAsked, readSeconds } from './role-session.ts'
import { issuerOf, verifyWebToken, type WebToken } from './web-token.ts'

export const assumeRoleWithWebIdentity: StsRow = {
  name: 'AssumeRoleWithWebIdentity',
  async run(request) {
    const { params, identities, clock } = request
    const roleArn = params.get('RoleArn', rules.arn)
    const sessionName = params.get('RoleSessionName', rules.sessionName)
    const text = params.get('WebIdentityToken', rules.webIdentityToken)
    if (params.find('ProviderId') !== undefined) {
      throw new ApiError('ValidationError', {
        message: 'ProviderId is for providers of OAuth 2.0, which are not supported.',
      })
    }
    const limits = readSessionPolicies(params)
    const found = findRole(identities.directory, roleArn)
    const issuer = issuerOf(text)
    const provider = found?.account.oidcProviders.find(({ url }) => issuerName(url) === issuerName(issuer))
    if (provider === undefined || found === undefined) {
      throw new ApiError('InvalidIdentityToken', {
        message: `No OpenIDConnect provider found in your account for ${issuer}`,
      })
    }
    const token = await verifyWebToken(text, provider, request)
    const seconds = readSeconds(params, found.role)
    const asked = askedBy(token, provider, roleArn, sessionName)
    authorize(request, asked, token, provider, found)
    const { credentials, packedPercent } = identities.tokens.issue({
      kind: 'web-identity',
      account: found.account.id,
      roleId: found.role.id,
      name: sessionName,
      providerUrl: provider.url,
      expiresAtMs: expiryAfter(clock, seconds),
      ...limits,
      tags: token.tags,
      transitiveTagKeys: token.transitiveTagKeys,
      ...(token.sourceIdentity === undefined ? {} : { sourceIdentity: token.sourceIdentity }),
      context: {
        ...contextOf(token, provider),
        'aws:federatedprovider': oidcProviderArn(found.account.id, provider.url),
      },
    })
    return {
      SubjectFromWebIdentityToken: token.subject,
      Audience: token.audience,
      Provider: issuerName(provider.url),
      ...formatSession(found, sessionName, credentials, packedPercent),
      SourceIdentity: token.sourceIdentity,
    }
  },
}

function authorize(
  request: StsRequest,
  asked: RoleAsked,
  token: WebToken,
  provider: OidcProvider,
  found: NonNullable<ReturnType<typeof findRole>>,
): void {
  const arn = oidcProviderArn(found.account.id, provider.url)
  const requester: Requester = { type: 'web-identity', arn, account: '', userId: token.subject, canonicalId: '' }
  try {
    authorizeRole(request, { requester, policies: { identity: [] } }, found, asked)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'AccessDenied') throw error
    const { headers } = error
    throw new ApiError('AccessDenied', { message: `Not authorized to perform ${asked.action}`, headers, cause: error })
  }
}

function askedBy(token: WebToken, provider: OidcProvider, roleArn: string, sessionName: string): RoleAsked {
  return {
    action: 'sts:AssumeRoleWithWebIdentity',
    roleArn,
    sessionName,
    tags: token.tags,
    transitive: token.transitiveTagKeys,
    ...(token.sourceIdentity === undefined ? {} : { sourceIdentity: token.sourceIdentity }),
    context: contextOf(token, provider),
  }
}

/** Condition keys of the issuer: `accounts.example.com:sub`. Names are in lower case up to the first slash. */
function contextOf(token: WebToken, { url }: OidcProvider): Record<string, string> {
  const [host = '', ...path] = issuerName(url).split('/')
  const issuer = [host.toLowerCase(), ...path].join('/')
  return Object.fromEntries(Object.entries(token.keys).map(([name, value]) => [`${issuer}:${name}`, value]))
}
