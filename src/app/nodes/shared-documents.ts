/** Opens the documents of nodes without a server: at a start, and for commands. */

import { openIndex } from '#app/open-index.ts'
import type { AppConfig } from '#config/config.ts'
import { DocumentRows } from '#documents/document-rows.ts'
import { systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { noticePathOf } from './fresh-documents.ts'

export interface SharedDocuments {
  readonly engine: MetadataEngine
  readonly rows: DocumentRows
}

/** `log`: silent unless given. Errors are thrown in any case. */
export async function withSharedDocuments<T>(
  config: AppConfig,
  work: (documents: SharedDocuments) => Promise<T>,
  log: Pick<LevelLog, 'info' | 'warn'> = silent,
): Promise<T> {
  const engine = await openIndex(config)
  const rows = new DocumentRows({ engine, clock: systemClock, log, noticePath: noticePathOf(config) })
  try {
    return await work({ engine, rows })
  } finally {
    await rows.close()
    await engine.close()
  }
}

export const silent = { info: () => {}, warn: () => {}, error: () => {} }
