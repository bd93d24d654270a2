/** Compares index and files of a STORAGE_ROOT that no server uses, after it has finished interrupted writes. */
import { existsSync } from 'node:fs'
import { openContext } from '#app/open-store.ts'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import { LostAndFound } from '#blobs/files/checks/lost-and-found.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { assertUnused } from '#blobs/files/staging/folder-in-use.ts'
import type { UpstreamSettings } from '#blobs/upstream/client/settings.ts'
import { systemClock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { AdoptionDefaults } from '#model/bucket/new-bucket.ts'
import { type CheckOptions, type CheckSummary, checkStore } from '#store/fsck/check-store.ts'

export interface CheckFolderOptions extends CheckOptions {
  readonly root: string
  /** Sets the index aside and builds a new one from the bucket folders. */
  readonly rebuild: boolean
  /** Owner of adopted buckets. Undefined: the account that a first start creates. */
  readonly ownerId: string | undefined
  readonly region: string
  readonly bucketDefaults: AdoptionDefaults
  readonly log: LevelLog
  readonly upstream?: UpstreamSettings | undefined
}

export const noFiles =
  '--rebuild makes an index of plain files, and with BLOBS_URL there are none. Restore the index from a backup.'

/** Throws FolderInUse, StartRefused. */
export async function checkFolder(options: CheckFolderOptions): Promise<CheckSummary> {
  const { root, log, rebuild, ownerId, region, bucketDefaults, upstream } = options
  if (rebuild && upstream !== undefined) throw new StartRefused(noFiles)
  const layout = new Layout(root)
  assertUnused(layout, 'fsck')
  if (rebuild && existsSync(layout.system('index'))) {
    const aside = await new LostAndFound(layout, systemClock.nowMs()).take(layout.system('index'))
    log.info({ path: aside }, 'the index was set aside')
  }
  const adopts = { region, bucketDefaults, ...(ownerId === undefined ? {} : { ownerId }) }
  const { context, close } = await openContext({ root, durability: 'strict', engine: 'lmdb', log, upstream, ...adopts })
  try {
    if (rebuild) await context.blobs.byHand?.scan({ signal: new AbortController().signal })
    return await checkStore(context, options)
  } finally {
    await close()
  }
}
