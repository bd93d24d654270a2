/** Tags: three operations for each kind of entity, made from one description. */

import type { TextRule } from '#http/aws-service/constraint.ts'
import { getInstanceProfile } from '#identity/accounts/instance-profiles.ts'
import { getOwnPolicy, getPolicy } from '#identity/accounts/managed-policies.ts'
import { getOidcProvider } from '#identity/accounts/oidc-providers.ts'
import { getRole } from '#identity/accounts/roles.ts'
import { getUser } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import { addTags, removeTags, type Tagged } from '#identity/entities/entity.ts'
import { answerPage, pageOf, readTags } from './reading.ts'
import type { IamRequest, IamRow, TargetOf } from './request.ts'
import { rules, tagsMax } from './rules.ts'
import { onInstanceProfile, onOidcProvider, onPolicy, onRole, onUser } from './targets.ts'

interface TaggedNoun {
  readonly noun: string
  readonly parameter: string
  readonly rule: TextRule
  readonly get: (account: Account, name: string) => Tagged
  /** The target of a change, if it is another one. */
  readonly getOwn?: (account: Account, name: string) => Tagged
  readonly on: TargetOf
}

// biome-ignore format: a table
const nouns: readonly TaggedNoun[] = [
  { noun: 'User', parameter: 'UserName', rule: rules.userName, get: getUser, on: onUser },
  { noun: 'Role', parameter: 'RoleName', rule: rules.roleName, get: getRole, on: onRole },
  { noun: 'Policy', parameter: 'PolicyArn', rule: rules.arn, get: getPolicy, getOwn: getOwnPolicy, on: onPolicy },
  { noun: 'InstanceProfile', parameter: 'InstanceProfileName', rule: rules.profileName, get: getInstanceProfile, on: onInstanceProfile },
  { noun: 'OpenIDConnectProvider', parameter: 'OpenIDConnectProviderArn', rule: rules.arn, get: getOidcProvider, on: onOidcProvider },
]

const tagKeysIn = ({ params }: IamRequest): string[] => params.list('TagKeys', { ...rules.tagKey, maxItems: tagsMax })

export const tagRows: readonly IamRow[] = nouns.flatMap(({ noun, parameter, rule, get, getOwn = get, on }) => [
  {
    name: `Tag${noun}`,
    on,
    async run({ params, change }) {
      const name = params.get(parameter, rule)
      const tags = readTags(params)
      await change((account) => addTags(getOwn(account, name), tags))
      return undefined
    },
  },
  {
    name: `Untag${noun}`,
    on: (request) => ({ ...on(request), context: { 'aws:tagkeys': tagKeysIn(request) } }),
    async run(request) {
      const { params, change } = request
      const name = params.get(parameter, rule)
      const keys = tagKeysIn(request)
      await change((account) => removeTags(getOwn(account, name), keys))
      return undefined
    },
  },
  {
    name: `List${noun}Tags`,
    on,
    run({ params, account }) {
      const tags = Object.entries(get(account, params.get(parameter, rule)).tags)
      return answerPage(
        'Tags',
        pageOf(params, tags, ([key]) => key),
        ([Key, Value]) => ({ Key, Value }),
      )
    },
  },
])
