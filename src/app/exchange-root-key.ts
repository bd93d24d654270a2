/** `myfsio rotate-root-key`: changes the root key of a folder that no server uses. */
import { existsSync } from 'node:fs'
import { withSharedDocuments } from '#app/nodes/shared-documents.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { assertUnused } from '#blobs/files/staging/folder-in-use.ts'
import type { AppConfig } from '#config/config.ts'
import type { DocumentSources } from '#documents/source.ts'
import type { KeyDocument, RootRecord } from '#keyring/key-document.ts'
import { exchangeRootKey } from '#keyring/root-key/exchange-root-key.ts'
import { fileRootKey, removeOtherRootKeys } from '#keyring/root-key/file-root-key.ts'
import { RootKeyProblem, type RootKeySource } from '#keyring/root-key/root-key-source.ts'
import { systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { assertNoNodes } from '#nodes/living-nodes.ts'
import { isShared } from './open-index.ts'
import { openKeyDocument, rootOf } from './open-keyring.ts'

type KeySettings = AppConfig['kms']

/**
 * `from`: settings that name the present root key. Throws RootKeyProblem, and FolderInUse or NodeRefused if a server
 * runs: it keeps its old settings and could not open the new keys.
 */
export async function exchangeRootKeyOf(
  config: AppConfig,
  from: KeySettings,
  log: LevelLog,
): Promise<RootRecord | undefined> {
  const { storageRoot, kms } = config
  if (isShared(config)) {
    return withSharedDocuments(config, async ({ engine, rows }) => {
      await assertNoNodes(engine, systemClock)
      return exchange(config, from, { log, sources: rows.sources })
    })
  }
  assertUnused(new Layout(storageRoot), 'rotate-root-key')
  if (!existsSync(kms.keysPath)) throw new RootKeyProblem(`There are no keys in ${storageRoot}.`)
  return exchange(config, from, { log })
}

async function exchange(
  { kms, metadataAddress }: AppConfig,
  from: KeySettings,
  { log, sources }: { readonly log: LevelLog; readonly sources?: DocumentSources },
): Promise<RootRecord | undefined> {
  const document = await openKeyDocument(kms.keysPath, log, sources)
  try {
    if (document.problem !== undefined) throw new RootKeyProblem(`${document.path}: ${document.problem.message}`)
    const to = rootOf({ kms, metadataAddress }, undefined, systemClock)
    const { root } = await exchangeRootKey(document, presentRoot(document.current, { kms: from, metadataAddress }), to)
    if (root !== undefined) await removeOtherRootKeys(kms.rootKeyFiles, root)
    return root
  } finally {
    await document.close()
  }
}

/** A root key in a file is found without settings. */
function presentRoot({ root }: KeyDocument, from: Pick<AppConfig, 'kms' | 'metadataAddress'>): RootKeySource {
  return root?.kind === 'file' ? fileRootKey(from.kms.rootKeyFiles) : rootOf(from, undefined, systemClock)
}
