/** Moves a store to the place that another configuration names. No server may use either. */
import { openUnusedIndex } from '#app/nodes/unused-index.ts'
import { isShared, openIndex } from '#app/open-index.ts'
import { type OpenContext, openContext } from '#app/open-store.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { assertUnused } from '#blobs/files/staging/folder-in-use.ts'
import type { AppConfig } from '#config/config.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MoveReport } from '#migrate/move/move-report.ts'
import { MoveRefused, moveStore } from '#migrate/move-store.ts'
import { moveDocuments } from './move-documents.ts'

export interface MoveToOptions {
  readonly source: AppConfig
  readonly target: AppConfig
  /** Owner of buckets that were made by hand and have no record yet. */
  readonly ownerId: string | undefined
  readonly report: MoveReport
  readonly atOnceMax: number
  readonly leavesUploads: boolean
  readonly print: (line: string) => void
  readonly log: LevelLog
}

/** Returns whether everything was moved and is intact. Throws MoveRefused, FolderInUse, NodeRefused. */
export async function moveTo(options: MoveToOptions): Promise<boolean> {
  const { source, target, log, ownerId } = options
  if (nameOf(source) === nameOf(target)) throw new MoveRefused('Source and target have the same index.')
  for (const config of [source, target]) {
    if (!isShared(config)) assertUnused(new Layout(config.storageRoot), 'a move')
  }
  const opened: OpenContext[] = []
  const open = async (config: AppConfig): Promise<OpenContext> => {
    const engine = await (isShared(config) ? openUnusedIndex(config) : openIndex(config))
    const { storageRoot: root, durability, region, upstream, verifyReads } = config
    const more = { region, upstream, verifyReads, bucketDefaults: config, ...(ownerId !== undefined && { ownerId }) }
    const one = await openContext({ root, durability, engine, log, ...more })
    opened.push(one)
    return one
  }
  try {
    const { context: from } = await open(source)
    const { context: to } = await open(target)
    // Changes made by hand are taken, as a reader would see them.
    await from.blobs.byHand?.scan({ signal: new AbortController().signal })
    const warn = (sentence: string) => log.warn({}, sentence)
    const places = [
      { config: source, engine: from.engine },
      { config: target, engine: to.engine },
    ] as const
    const sourceName = nameOf(source)
    return await moveStore({ ...options, from, to, sourceName, moveDocuments: () => moveDocuments(...places, warn) })
  } finally {
    for (const { close } of opened) await close()
  }
}

/** Names the index for people, without a password. */
function nameOf(config: AppConfig): string {
  const { metadataAddress, storageRoot } = config
  if (metadataAddress === undefined) return storageRoot
  const { hosts, database, schema } = metadataAddress
  return `postgres://${hosts.map(({ host, port }) => `${host}:${port}`).join()}/${database}?schema=${schema}`
}
