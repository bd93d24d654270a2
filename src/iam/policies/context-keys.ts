/** The condition keys that policies use, in conditions and in variables. */

import type { IamRequest, IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { anything } from '#iam/targets.ts'
import { defaultVersionOf, findPolicy } from '#identity/accounts/managed-policies.ts'
import type { Account } from '#identity/entities/account.ts'
import { parsed } from '#identity/iam-document/policy-text.ts'
import { holderNamed } from '#identity/principals/simulated-principal.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import type { PolicyDocument } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'

export function contextKeysOf(documents: readonly PolicyDocument[]): string[] {
  const keys = new Map<string, string>()
  const add = (key: string) => {
    if (!keys.has(key.toLowerCase())) keys.set(key.toLowerCase(), key)
  }
  for (const { statements, version } of documents) {
    for (const { conditions, resource } of statements) {
      for (const { key } of conditions) add(key)
      if (version !== '2012-10-17') continue
      const texts = [...(resource?.values ?? []), ...conditions.flatMap(({ values }) => values)]
      for (const text of texts)
        for (const [, name = ''] of text.matchAll(/\$\{([^},]+)/g)) if (name.length > 1) add(name.trim())
    }
  }
  return [...keys.values()].sort()
}

export const readPolicies = ({ params }: IamRequest, name: string): PolicyDocument[] =>
  params.list(name, rules.document).map((json) => parsePolicy(json, 'identity', { maxBytes: rules.document.max }))

/** Policies of a user (with its groups), a group or a role. NoSuchEntity. */
export function documentsOf(account: Account, arn: string): PolicyDocument[] {
  return holderNamed(account, arn).holders.flatMap(({ inline, attached }) => [
    ...Object.values(inline).map((text) => parsed(text, 'identity')),
    ...attached.flatMap((one) => {
      const policy = findPolicy(account, one)
      return policy === undefined ? [] : [parsed(defaultVersionOf(policy).document, 'identity')]
    }),
  ])
}

const answerKeys = (documents: readonly PolicyDocument[]): XmlTree => ({
  ContextKeyNames: { member: contextKeysOf(documents) },
})

export const contextKeyRows: readonly IamRow[] = [
  {
    name: 'GetContextKeysForCustomPolicy',
    on: anything,
    run: (request) => answerKeys(readPolicies(request, 'PolicyInputList')),
  },
  {
    name: 'GetContextKeysForPrincipalPolicy',
    on: ({ params }) => ({ arn: params.find('PolicySourceArn') ?? '*' }),
    run: (request) =>
      answerKeys([
        ...documentsOf(request.account, request.params.get('PolicySourceArn', rules.arn)),
        ...readPolicies(request, 'PolicyInputList'),
      ]),
  },
]
