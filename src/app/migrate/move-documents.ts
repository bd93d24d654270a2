/** Copies users, policies and keys to another store: to files, or to rows of a shared index. Existing ones stay. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sharedFiles } from '#app/nodes/join-index.ts'
import { isShared } from '#app/open-index.ts'
import type { AppConfig } from '#config/config.ts'
import { readText, replaceTexts } from '#documents/document-text.ts'
import { systemClock } from '#lib/clock.ts'
import { makeFolder } from '#lib/files/make-folder.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, rowKey } from '#metadata/tables.ts'
import { agreeOnSecret } from '#nodes/shared-secret.ts'

export interface DocumentPlace {
  readonly config: AppConfig
  readonly engine: MetadataEngine
}

export async function moveDocuments(from: DocumentPlace, to: DocumentPlace, warn: (sentence: string) => void) {
  const targets = sharedFiles(to.config)
  for (const [at, { name, path }] of sharedFiles(from.config).entries()) {
    const text = isShared(from.config) ? (await readText(from.engine, name))?.text : readIfThere(path)
    if (text === undefined) continue
    if (isShared(to.config)) await putRow(to.engine, name, text)
    else putFile(targets[at]?.path ?? path, text)
  }
  await moveSecret(from, to, warn)
  moveRootKey(from.config, to.config)
}

async function putRow(engine: MetadataEngine, name: string, text: string): Promise<void> {
  if ((await readText(engine, name)) === undefined) await replaceTexts(engine, [{ name, text, before: undefined }])
}

/** SECRET_KEY encrypts secrets in the documents. If a setting gives it, the target needs the same setting. */
async function moveSecret(from: DocumentPlace, to: DocumentPlace, warn: (sentence: string) => void): Promise<void> {
  const secret = from.config.secretKey ?? (await keptSecret(from))
  if (isShared(to.config)) {
    await agreeOnSecret(to.engine, systemClock, { given: to.config.secretKey, former: () => secret, warn })
  } else if (secret !== undefined && to.config.secretKey === undefined) putFile(secretPath(to.config), `${secret}\n`)
}

const secretPath = ({ configFolder }: AppConfig): string => join(configFolder, 'secret_key')

async function keptSecret({ config, engine }: DocumentPlace): Promise<string | undefined> {
  if (!isShared(config)) return readIfThere(secretPath(config))?.trim() || undefined
  const row = await engine.get(rowKey('g', 'secret'))
  return row === undefined ? undefined : decodeJson<{ secret?: string }>(row).secret
}

/** Copies the files of a generated root key. If a setting gives the key, the target needs the same setting. */
function moveRootKey({ kms: from }: AppConfig, { kms: to }: AppConfig): void {
  const pairs = [
    [from.rootKeyFiles.path, to.rootKeyFiles.path],
    [from.rootKeyFiles.copyPath, to.rootKeyFiles.copyPath],
  ] as const
  for (const [source, target] of pairs) {
    if (source === target || !existsSync(source) || existsSync(target)) continue
    makeFolder(dirname(target), 0o700)
    copyFileSync(source, target)
  }
}

function putFile(path: string, text: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path), 0o700)
  writeFileSync(path, text, { mode: 0o600 })
}

const readIfThere = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
