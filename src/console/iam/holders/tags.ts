/** Tags of users and roles. Conditions of policies can use them as aws:PrincipalTag and aws:ResourceTag. */
import { tagKeys } from '#access/caller/query-facts.ts'
import { getRole } from '#identity/accounts/roles.ts'
import { getUser } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import { addTags, removeTags, type Tagged } from '#identity/entities/entity.ts'
import { ApiError } from '#model/errors.ts'
import { tagRules } from '#model/tag-rules.ts'
import { changing } from './change-holder.ts'
import type { HolderDescription } from './holders.ts'

/** NoSuchEntity; NoSuchKey for groups, which have none. */
export function taggedHolder(account: Account, { plural }: HolderDescription, name: string): Tagged {
  if (plural === 'groups') throw new ApiError('NoSuchKey')
  return plural === 'users' ? getUser(account, name) : getRole(account, name)
}

export const addTag = changing('tags', 'Tag added', async ({ iam, description, name, arn }, { form }) => {
  const [key, value] = [form.get('key')?.trim() ?? '', form.get('value')?.trim() ?? '']
  assertTag(key, value)
  taggedHolder(iam.account, description, name)
  iam.authorize(`Tag${description.noun}`, arn, tagKeys({ [key]: value }))
  await iam.change((account) => addTags(taggedHolder(account, description, name), [{ key, value }]))
})

export const removeTag = changing('tags', 'Tag removed', async ({ iam, description, name, arn }, { form }) => {
  const key = form.get('key') ?? ''
  taggedHolder(iam.account, description, name)
  iam.authorize(`Untag${description.noun}`, arn, { 'aws:tagkeys': [key] })
  await iam.change((account) => removeTags(taggedHolder(account, description, name), [key]))
})

function assertTag(key: string, value: string): void {
  const { key: name, value: text } = tagRules
  if (key.length >= name.min && key.length <= name.max && name.pattern.test(key)) {
    if (value.length <= text.max && text.pattern.test(value)) return
  }
  throw new ApiError('ValidationError', {
    message: `A tag has a key of up to ${name.max} and a value of up to ${text.max} letters, digits, spaces and _.:/=+-@.`,
  })
}
