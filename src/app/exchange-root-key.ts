/** `myfsio rotate-root-key`: the keys of a folder that no server uses get another root key. */
import { existsSync } from 'node:fs'
import { Layout } from '#blobs/files/place/layout.ts'
import { assertUnused } from '#blobs/files/staging/folder-in-use.ts'
import type { AppConfig } from '#config/config.ts'
import type { KeyDocument, RootRecord } from '#keyring/key-document.ts'
import { exchangeRootKey } from '#keyring/root-key/exchange-root-key.ts'
import { fileRootKey, removeOtherRootKeys } from '#keyring/root-key/file-root-key.ts'
import { RootKeyProblem, type RootKeySource } from '#keyring/root-key/root-key-source.ts'
import { systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { openKeyDocument, rootOf } from './open-keyring.ts'

type KeySettings = AppConfig['kms']

/**
 * `from`: settings that name the present root key. FolderInUse: a running server would open nothing afterwards, since it
 * keeps the settings that it was started with. RootKeyProblem.
 */
export async function exchangeRootKeyOf(
  { storageRoot, kms }: Pick<AppConfig, 'storageRoot' | 'kms'>,
  from: KeySettings,
  log: LevelLog,
): Promise<RootRecord | undefined> {
  assertUnused(new Layout(storageRoot), 'rotate-root-key')
  if (!existsSync(kms.keysPath)) throw new RootKeyProblem(`There are no keys in ${storageRoot}.`)
  const document = await openKeyDocument(kms.keysPath, log)
  try {
    if (document.problem !== undefined) throw new RootKeyProblem(`${kms.keysPath}: ${document.problem.message}`)
    const to = rootOf({ kms, metadataAddress: undefined }, undefined, systemClock)
    const { root } = await exchangeRootKey(document, presentRoot(document.current, from), to)
    if (root !== undefined) await removeOtherRootKeys(kms.rootKeyFiles, root)
    return root
  } finally {
    await document.close()
  }
}

/** A file is found without settings. */
function presentRoot({ root }: KeyDocument, from: KeySettings): RootKeySource {
  return root?.kind === 'file'
    ? fileRootKey(from.rootKeyFiles)
    : rootOf({ kms: from, metadataAddress: undefined }, undefined, systemClock)
}
