/** Changes of an account's OpenID Connect providers. */
import type { Account } from '#identity/entities/account.ts'
import { assertQuota, removeFrom, secondOf } from '#identity/entities/entity.ts'
import { issuerName, type OidcProvider, oidcProviderArn } from '#identity/entities/oidc-provider.ts'
import { ApiError } from '#model/errors.ts'

/** EntityAlreadyExists, LimitExceeded. */
export function createOidcProvider(
  account: Account,
  given: { url: string; clientIds: string[]; thumbprints: string[] },
  nowMs: number,
): OidcProvider {
  const exists = account.oidcProviders.some(({ url }) => issuerName(url) === issuerName(given.url))
  if (exists) {
    throw new ApiError('EntityAlreadyExists', { message: `Provider with url ${given.url} already exists.` })
  }
  assertQuota('OpenIDConnectProvidersPerAccount', account.oidcProviders.length + 1, 100)
  const provider: OidcProvider = { ...given, createdAt: secondOf(nowMs), tags: {} }
  account.oidcProviders.push(provider)
  return provider
}

export const findOidcProvider = (account: Account, arn: string): OidcProvider | undefined =>
  account.oidcProviders.find(({ url }) => oidcProviderArn(account.id, url) === arn)

/** NoSuchEntity. */
export function getOidcProvider(account: Account, arn: string): OidcProvider {
  const provider = findOidcProvider(account, arn)
  if (provider === undefined) {
    throw new ApiError('NoSuchEntity', { message: `OpenIDConnect Provider not found for arn ${arn}` })
  }
  return provider
}

export function deleteOidcProvider(account: Account, arn: string): void {
  removeFrom(account.oidcProviders, getOidcProvider(account, arn))
}

/** LimitExceeded. Adding an existing id changes nothing. */
export function addClientId(provider: OidcProvider, clientId: string): void {
  if (provider.clientIds.includes(clientId)) return
  assertQuota('ClientIdsPerOpenIdConnectProvider', provider.clientIds.length + 1, 100)
  provider.clientIds.push(clientId)
}
