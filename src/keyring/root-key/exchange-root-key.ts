/**
 * Wraps the material of all keys with another root key. The document is replaced as a whole, and until then both root
 * keys can be opened: a process that ends at any moment leaves usable keys.
 */
import type { KeyDocument, Material } from '#keyring/key-document.ts'
import { openMaterial, wrapMaterial } from '#keyring/material.ts'
import { proveRootKey, recordOf } from './prove-root-key.ts'
import type { KeyDocumentSource } from './root-key.ts'
import { RootKeyProblem, type RootKeySource } from './root-key-source.ts'

type Holder = { readonly id: string; readonly materials: Material[] }

/** No other process may use the keys meanwhile. If it throws RootKeyProblem, nothing has changed. */
export async function exchangeRootKey(
  document: KeyDocumentSource,
  from: RootKeySource,
  to: RootKeySource,
): Promise<KeyDocument> {
  const { root: before } = document.current
  if (before === undefined) throw new RootKeyProblem('There are no keys yet, so there is no root key to exchange.')
  const oldKey = await proveRootKey(from, before)
  const { root, key } = recordOf(to.kind, await to.renew())
  if (key.equals(oldKey)) throw new RootKeyProblem('This root key wraps the keys already.')
  // Opened as the next start will open it.
  await proveRootKey(to, root)
  return document.update((value) => {
    if (value.root?.check !== before.check) throw new RootKeyProblem('Another process has exchanged the root key.')
    const { server, keys } = value
    return {
      ...value,
      root,
      server: server && rewrap(server, oldKey, key),
      keys: keys.map((one) => rewrap(one, oldKey, key)),
    }
  })
}

function rewrap<H extends Holder>(holder: H, oldKey: Buffer, key: Buffer): H {
  const { id, materials } = holder
  const rewrapped = materials.map((material) => {
    const plaintext = openMaterial(oldKey, id, material)
    if (plaintext === undefined) {
      throw new RootKeyProblem(
        `The material ${material.id} of the key ${id} cannot be decrypted by the present root key.`,
      )
    }
    return wrapMaterial(key, id, material, plaintext)
  })
  return { ...holder, materials: rewrapped }
}
