/** Enables, disables and deletes keys. Material is removed only after the waiting period. */
import type { KeyDocument, KeyEntry } from '#keyring/key-document.ts'
import { keyArn } from '#keyring/key-lookup.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { ApiError } from '#model/errors.ts'
import { changeKey, refuseManaged, refusePending } from './change-key.ts'

const dayMs = 86_400_000

/** KMS.KMSInvalidStateException. */
export function setEnabled(keyring: LocalKeyring, key: KeyEntry, isEnabled: boolean): Promise<KeyEntry> {
  refuseManaged(key)
  return changeKey(keyring, key, (now) => {
    refusePending(now)
    return { ...now, isEnabled }
  })
}

/** KMS.KMSInvalidStateException. The key cannot be used from now on. */
export function scheduleDeletion(keyring: LocalKeyring, key: KeyEntry, windowDays: number): Promise<KeyEntry> {
  refuseManaged(key)
  const deletesAt = new Date(Date.parse(keyring.now()) + windowDays * dayMs).toISOString()
  return changeKey(keyring, key, (now) => {
    refusePending(now)
    return { ...now, isEnabled: false, deletesAt }
  })
}

/** KMS.KMSInvalidStateException. The key is disabled afterwards, as on AWS. */
export function cancelDeletion(keyring: LocalKeyring, key: KeyEntry): Promise<KeyEntry> {
  return changeKey(keyring, key, ({ deletesAt, ...now }) => {
    if (deletesAt !== undefined) return { ...now, isEnabled: false }
    throw new ApiError('KMS.KMSInvalidStateException', {
      message: `${keyArn(now, now.id)} is not pending deletion.`,
    })
  })
}

/** Removes the keys whose waiting period has ended at `nowMs`, with their aliases. Returns their ARNs. */
export async function deleteExpiredKeys(keyring: LocalKeyring, nowMs: number): Promise<string[]> {
  const isOver = ({ deletesAt }: KeyEntry) => deletesAt !== undefined && Date.parse(deletesAt) <= nowMs
  const find = ({ keys }: KeyDocument) => keys.filter(isOver)
  if (find(keyring.keys).length === 0) return []
  let deleted: KeyEntry[] = []
  await keyring.update((value) => {
    deleted = find(value)
    const ids = new Set(deleted.map(({ id }) => id))
    return {
      ...value,
      keys: value.keys.filter(({ id }) => !ids.has(id)),
      aliases: value.aliases.filter(({ keyId }) => !ids.has(keyId)),
    }
  })
  return deleted.map((key) => keyArn(key, key.id))
}
