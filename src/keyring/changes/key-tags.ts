/** Tags of keys: https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html */
import type { KeyEntry } from '#keyring/key-document.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { NamedTags, Tags } from '#model/tags.ts'
import { changeKey, refuseManaged, refusePending } from './change-key.ts'

/** KMS.TagException, KMS.LimitExceededException. */
export function assertKeyTags(named: NamedTags): Tags {
  const tags = new Map<string, string>()
  for (const [name, value] of named) {
    if (name === '' || name.length > 128) throw invalid('A tag key has 1 to 128 characters.')
    if (value.length > 256) throw invalid('A tag value has up to 256 characters.')
    if (name.toLowerCase().startsWith('aws:')) throw invalid('Tag keys that begin with aws: are reserved.')
    if (tags.has(name)) throw invalid('Duplicate tag keys')
    tags.set(name, value)
  }
  refuseTooMany(tags.size)
  return Object.fromEntries(tags)
}

/** KMS.LimitExceededException, KMS.KMSInvalidStateException, AccessDenied. */
export async function changeTags(
  keyring: LocalKeyring,
  key: KeyEntry,
  { added = {}, removed = [] }: { readonly added?: Tags; readonly removed?: readonly string[] },
): Promise<void> {
  refuseManaged(key)
  await changeKey(keyring, key, (now) => {
    refusePending(now)
    const kept = Object.entries(now.tags).filter(([name]) => !removed.includes(name))
    const tags = Object.fromEntries([...kept, ...Object.entries(added)])
    refuseTooMany(Object.keys(tags).length)
    return { ...now, tags }
  })
}

function refuseTooMany(count: number): void {
  if (count <= limits.tagsOfKeyMax) return
  throw new ApiError('KMS.LimitExceededException', { message: `A key may have ${limits.tagsOfKeyMax} tags.` })
}

const invalid = (message: string) => new ApiError('KMS.TagException', { message })
