/** Changes one key of the document. Its present material stays. */
import type { KeyEntry } from '#keyring/key-document.ts'
import { keyArn } from '#keyring/key-lookup.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { ApiError } from '#model/errors.ts'

/**
 * `change` may run on a newer state than the caller has seen. KMS.NotFoundException if the key was removed meanwhile.
 */
export async function changeKey(
  keyring: LocalKeyring,
  { id }: Pick<KeyEntry, 'id'>,
  change: (key: KeyEntry) => KeyEntry,
): Promise<KeyEntry> {
  let changed: KeyEntry | undefined
  await keyring.update((value) => {
    const keys = value.keys.map((key) => {
      if (key.id !== id) return key
      changed = change(key)
      return changed
    })
    return { ...value, keys }
  })
  if (changed === undefined) throw new ApiError('KMS.NotFoundException', { message: `Key '${id}' does not exist` })
  return changed
}

/** KMS.KMSInvalidStateException: while its deletion is scheduled, a key cannot be changed. */
export function refusePending(key: KeyEntry): void {
  if (key.deletesAt === undefined) return
  throw new ApiError('KMS.KMSInvalidStateException', { message: `${keyArn(key, key.id)} is pending deletion.` })
}

/** AccessDenied for keys that the server manages: their policy allows no change either. */
export function refuseManaged({ manager }: Pick<KeyEntry, 'manager'>): void {
  if (manager === 'CUSTOMER') return
  throw new ApiError('AccessDenied', { cause: new Error('Keys that AWS manages cannot be changed.') })
}
