/** What commands report about the keys of a data folder. They create no keys. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isShared } from '#app/open-index.ts'
import { openKeyring } from '#app/open-keyring.ts'
import { openEngine } from '#app/open-store.ts'
import type { AppConfig } from '#config/config.ts'
import { lastGoodPath } from '#documents/last-good.ts'
import { emptyKeyDocument, type KeyDocument } from '#keyring/key-document.ts'
import { findKeyProblem, type KeyProblem } from '#keyring/key-problem.ts'
import { systemClock } from '#lib/clock.ts'
import type { KeyUses } from '#model/key-uses.ts'
import { findKeyUses } from '#store/key-uses.ts'

export interface CheckedKeys {
  /** A sentence that says why no key can be used. */
  readonly problem: string | undefined
  problemOf(name: string): KeyProblem | undefined
}

/** Returns a sentence if the key with this name is lost. */
export const lostKeyOf = (keys: CheckedKeys) => (name: string) => {
  const problem = keys.problemOf(name)
  return problem?.isLost === true ? problem.sentence : undefined
}

export async function checkKeys(config: Pick<AppConfig, 'kms' | 'metadataAddress'>): Promise<CheckedKeys> {
  const { keysPath } = config.kms
  const of = (keys: KeyDocument, problem?: string): CheckedKeys => ({
    problem,
    problemOf: (name) => findKeyProblem(keys, name),
  })
  // Each node that starts checks the keys of nodes.
  if (isShared(config)) return of(emptyKeyDocument())
  if (![keysPath, lastGoodPath(keysPath)].some((path) => existsSync(path))) return of(emptyKeyDocument())
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  try {
    const open = await openKeyring({ config, clock: systemClock, log })
    await open.close()
    const { keyring, problem } = open
    const ofDocument = problem === undefined ? undefined : `${keysPath}: ${problem.message}`
    return of(keyring.keys, keyring.problem ?? ofDocument)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'DOCUMENT_INVALID') {
      return of(emptyKeyDocument(), error.message)
    }
    throw error
  }
}

/** The last counts of a server of this folder. Undefined if there are none, and for nodes: their console shows them. */
export async function readKeyUses(config: AppConfig): Promise<KeyUses | undefined> {
  const { storageRoot: root, metadataEngine } = config
  if (isShared(config) || metadataEngine === 'memory' || !existsSync(join(root, '.myfsio.sys', 'index')))
    return undefined
  const engine = openEngine({ root, durability: 'strict', engine: 'lmdb' })
  try {
    return await findKeyUses(engine)
  } finally {
    await engine.close()
  }
}
