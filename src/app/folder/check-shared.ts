/** Compares index and bytes of a store that nodes share. No node may run. */
import { openUnusedIndex } from '#app/nodes/unused-index.ts'
import { openKeyDocument } from '#app/open-keyring.ts'
import { openContext } from '#app/open-store.ts'
import type { AppConfig } from '#config/config.ts'
import { DocumentRows } from '#documents/document-rows.ts'
import { findKeyProblem } from '#keyring/key-problem.ts'
import { systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { type CheckOptions, type CheckSummary, checkStore } from '#store/fsck/check-store.ts'
import { type CheckedKeys, lostKeyOf } from './check-keys.ts'

export interface CheckSharedOptions extends Omit<CheckOptions, 'lostKey'> {
  readonly log: LevelLog
}

export interface CheckedStore {
  readonly summary: CheckSummary
  readonly keys: CheckedKeys
}

/** Throws NodeRefused, StartRefused. */
export async function checkShared(config: AppConfig, options: CheckSharedOptions): Promise<CheckedStore> {
  const engine = await openUnusedIndex(config)
  let close = () => engine.close()
  try {
    const keys = await readKeys(config, engine, options.log)
    const { storageRoot: root, durability, region, upstream } = config
    const more = { region, upstream, bucketDefaults: config, log: options.log }
    const opened = await openContext({ root, durability, engine, ...more })
    close = opened.close
    return { summary: await checkStore(opened.context, { ...options, lostKey: lostKeyOf(keys) }), keys }
  } finally {
    await close()
  }
}

/** Reads the keys in the index. Each node that starts checks that the root key opens them. */
async function readKeys({ kms }: AppConfig, engine: MetadataEngine, log: LevelLog): Promise<CheckedKeys> {
  const rows = new DocumentRows({ engine, clock: systemClock, log })
  try {
    const document = await openKeyDocument(kms.keysPath, log, rows.sources)
    const { current, problem } = document
    await document.close()
    return { problem: problem?.message, problemOf: (name) => findKeyProblem(current, name) }
  } finally {
    await rows.close()
  }
}
