/** Opens the keys of the KMS: kms_keys.json, and the root key that the settings name. */
import type { AppConfig } from '#config/config.ts'
import { Document } from '#documents/document.ts'
import type { DocumentProblem } from '#documents/json-source.ts'
import type { DocumentSources } from '#documents/source.ts'
import { emptyKeyDocument, findKeyMistake, type KeyDocument, keyDocumentSchema } from '#keyring/key-document.ts'
import { LocalKeyring } from '#keyring/local-keyring.ts'
import { fileRootKey } from '#keyring/root-key/file-root-key.ts'
import { memoryRootKey } from '#keyring/root-key/memory-root-key.ts'
import { RootKeyProblem, type RootKeySource } from '#keyring/root-key/root-key-source.ts'
import { settingRootKey } from '#keyring/root-key/setting-root-key.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'

export interface KeyringStart {
  readonly config: Pick<AppConfig, 'kms'>
  readonly sources?: DocumentSources | undefined
  readonly clock: Clock
  readonly log: LevelLog
}

export interface OpenKeyring {
  readonly keyring: LocalKeyring
  readonly path: string
  readonly problem: DocumentProblem | undefined
  close(): Promise<void>
}

/** A root key that cannot be opened is logged: what is not sealed is served all the same. */
export async function openKeyring({ config, sources, clock, log }: KeyringStart): Promise<OpenKeyring> {
  const document = await Document.open<KeyDocument>({
    path: config.kms.keysPath,
    sources,
    schema: keyDocumentSchema,
    initial: emptyKeyDocument,
    findMistake: findKeyMistake,
    log,
  })
  const keyring = new LocalKeyring({ document, root: rootOf(config, sources), clock })
  await keyring.checkRoot().catch((error: unknown) => {
    if (!(error instanceof RootKeyProblem)) throw error
    log.error({ err: error.cause }, error.message)
  })
  return {
    keyring,
    path: document.path,
    get problem() {
      return document.problem
    },
    close: () => document.close(),
  }
}

function rootOf({ kms }: KeyringStart['config'], sources: DocumentSources | undefined): RootKeySource {
  if (kms.rootKey !== undefined) return settingRootKey(kms.rootKey)
  return sources === undefined ? fileRootKey(kms.rootKeyFiles) : memoryRootKey()
}
