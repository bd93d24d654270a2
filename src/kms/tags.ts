import type { JsonInput } from '#http/aws-json/input.ts'
import { assertKeyTags, changeTags } from '#keyring/changes/key-tags.ts'
import { limits } from '#model/limits.ts'
import type { Tags } from '#model/tags.ts'
import { type KmsRow, keyRow } from './request.ts'
import { rules } from './rules.ts'
import { answerPage } from './shapes.ts'

export const tagRows: readonly KmsRow[] = [
  keyRow('TagResource', async ({ input, keyring, key }) => {
    if (!input.has('Tags')) throw input.missing('Tags')
    await changeTags(keyring, key, { added: readTags(input) })
    return undefined
  }),
  keyRow(
    'UntagResource',
    async ({ input, keyring, key }) => {
      await changeTags(keyring, key, { removed: readTagKeys(input) })
      return undefined
    },
    { asked: (input) => ({ keys: { 'aws:tagkeys': readTagKeys(input) } }) },
  ),
  keyRow('ListResourceTags', ({ input, key }) =>
    answerPage(input, {
      member: 'Tags',
      list: Object.entries(key.tags),
      keyOf: ([name]) => name,
      shape: ([TagKey, TagValue]) => ({ TagKey, TagValue }),
      usual: limits.tagsOfKeyMax,
    }),
  ),
]

/** KMS.TagException, KMS.LimitExceededException. */
export function readTags(input: JsonInput): Tags {
  const named = (input.findStructures('Tags') ?? []).map((tag) => {
    const name = tag.get('TagKey', rules.tagKey)
    const value = tag.find('TagValue', rules.tagValue)
    if (value === undefined) throw tag.missing('TagValue')
    return [name, value] as const
  })
  return assertKeyTags(named)
}

function readTagKeys(input: JsonInput): string[] {
  const names = input.findList('TagKeys', rules.tagKey)
  if (names === undefined) throw input.missing('TagKeys')
  return names
}
