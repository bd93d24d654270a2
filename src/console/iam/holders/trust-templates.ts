/** Example trust policies. */
import type { Account } from '#identity/entities/account.ts'
import { issuerName, oidcProviderArn } from '#identity/entities/oidc-provider.ts'
import { arnOf, rootArn } from '#identity/principals/principal-arn.ts'

const offeredMax = 100

export interface TrustTemplate {
  readonly group: string
  readonly name: string
  readonly text: string
}

/** The whole account, one user, or the users of a token issuer. */
export function trustTemplates({ id, users, oidcProviders }: Account): TrustTemplate[] {
  const aws = (arn: string) => ({ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' })
  return [
    { group: 'Account', name: 'This account', text: trust(aws(rootArn(id))) },
    ...users
      .slice(0, offeredMax)
      .map((user) => ({ group: 'User', name: user.name, text: trust(aws(arnOf(id, 'user', user))) })),
    ...oidcProviders.map(({ url, clientIds: [audience] }) => {
      const Condition =
        audience === undefined ? {} : { Condition: { StringEquals: { [`${issuerName(url)}:aud`]: audience } } }
      const Principal = { Federated: oidcProviderArn(id, url) }
      const text = trust({ Effect: 'Allow', Principal, Action: 'sts:AssumeRoleWithWebIdentity', ...Condition })
      return { group: 'Web identity provider', name: issuerName(url), text }
    }),
  ]
}

const trust = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2)
