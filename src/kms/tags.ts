import type { JsonInput } from '#http/aws-json/input.ts'
import { changeKey, refuseManaged, refusePending } from '#keyring/changes/change-key.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { type KmsRow, keyRow } from './request.ts'
import { rules } from './rules.ts'
import { answerPage } from './shapes.ts'

export const tagRows: readonly KmsRow[] = [
  keyRow('TagResource', async ({ input, keyring, key }) => {
    if (!input.has('Tags')) throw input.missing('Tags')
    const added = readTags(input)
    refuseManaged(key)
    await changeKey(keyring, key, (now) => {
      refusePending(now)
      const tags = { ...now.tags, ...added }
      refuseTooMany(tags)
      return { ...now, tags }
    })
    return undefined
  }),
  keyRow(
    'UntagResource',
    async ({ input, keyring, key }) => {
      const gone = readTagKeys(input)
      refuseManaged(key)
      await changeKey(keyring, key, (now) => {
        refusePending(now)
        return { ...now, tags: Object.fromEntries(Object.entries(now.tags).filter(([name]) => !gone.includes(name))) }
      })
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
export function readTags(input: JsonInput): Record<string, string> {
  const tags: Record<string, string> = Object.create(null) as Record<string, string>
  for (const tag of input.findStructures('Tags') ?? []) {
    const name = tag.get('TagKey', rules.tagKey)
    const value = tag.find('TagValue', rules.tagValue)
    if (value === undefined) throw tag.missing('TagValue')
    if (name.toLowerCase().startsWith('aws:')) {
      throw new ApiError('KMS.TagException', { message: 'Tag keys that begin with aws: are reserved.' })
    }
    if (tags[name] !== undefined) throw new ApiError('KMS.TagException', { message: 'Duplicate tag keys' })
    tags[name] = value
  }
  refuseTooMany(tags)
  return { ...tags }
}

function readTagKeys(input: JsonInput): string[] {
  const names = input.findList('TagKeys', rules.tagKey)
  if (names === undefined) throw input.missing('TagKeys')
  return names
}

function refuseTooMany(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length <= limits.tagsOfKeyMax) return
  throw new ApiError('KMS.LimitExceededException', { message: `A key may have ${limits.tagsOfKeyMax} tags.` })
}
