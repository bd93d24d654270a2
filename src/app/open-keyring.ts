/** Opens the keys of the KMS: kms_keys.json, and the root key that the settings name. */
import type { AppConfig } from '#config/config.ts'
import { Document } from '#documents/document.ts'
import { DocumentProblem } from '#documents/json-source.ts'
import type { DocumentSources } from '#documents/source.ts'
import { emptyKeyDocument, type KeyDocument, keyDocumentShape } from '#keyring/key-document.ts'
import { LocalKeyring } from '#keyring/local-keyring.ts'
import { copiedRootKey, fileRootKey } from '#keyring/root-key/file-root-key.ts'
import { memoryRootKey } from '#keyring/root-key/memory-root-key.ts'
import { RootKeyProblem, type RootKeySource } from '#keyring/root-key/root-key-source.ts'
import { settingRootKey } from '#keyring/root-key/setting-root-key.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { endpointRootKey } from './endpoint-root-key.ts'
import { isShared } from './open-index.ts'

export interface KeyringStart {
  readonly config: Pick<AppConfig, 'kms' | 'metadataAddress'>
  readonly sources?: DocumentSources | undefined
  readonly clock: Clock
  readonly log: LevelLog
  /** Reads changes of other nodes. */
  readonly freshen?: (() => Promise<unknown>) | undefined
}

export interface OpenKeyring {
  readonly keyring: LocalKeyring
  readonly path: string
  readonly problem: DocumentProblem | undefined
  close(): Promise<void>
}

/**
 * If the root key cannot be opened, the error is logged, and unencrypted objects are still served. A node with another
 * root key than the other nodes is refused: they could not open what it encrypts.
 */
export async function openKeyring({ config, sources, clock, log, freshen }: KeyringStart): Promise<OpenKeyring> {
  const document = await openKeyDocument(config.kms.keysPath, log, sources)
  const keyring = new LocalKeyring({ document, root: rootOf(config, sources, clock), clock, freshen })
  await keyring.checkRoot().catch((error: unknown) => {
    if (!(error instanceof RootKeyProblem)) throw error
    const mayPass = error.isPassing || !isShared(config)
    if (!mayPass) throw Object.assign(new Error(error.message), { code: 'ROOT_KEY_OTHER' })
    log.error({ err: error.cause }, error.message)
  })
  return {
    keyring,
    path: document.path,
    get problem() {
      return document.problem ?? (keyring.problem === undefined ? undefined : new DocumentProblem(keyring.problem))
    },
    close: () => document.close(),
  }
}

export function openKeyDocument(
  path: string,
  log: LevelLog,
  sources?: DocumentSources | undefined,
): Promise<Document<KeyDocument>> {
  return Document.open<KeyDocument>({
    name: 'kms_keys.json',
    path,
    sources,
    ...keyDocumentShape,
    initial: emptyKeyDocument,
    log,
  })
}

/** The source of the root key, as the settings name it. */
export function rootOf(
  config: KeyringStart['config'],
  sources: DocumentSources | undefined,
  clock: Clock,
): RootKeySource {
  const { kms } = config
  if (kms.endpoint !== undefined) return endpointRootKey(kms.endpoint, clock)
  if (kms.rootKey !== undefined) return settingRootKey(kms.rootKey)
  if (isShared(config)) return copiedRootKey(kms.rootKeyFiles)
  return sources === undefined ? fileRootKey(kms.rootKeyFiles) : memoryRootKey()
}
