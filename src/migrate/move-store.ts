/**
 * Moves a store to another store of this program, with any engine and blob store: bucket rows as they are, versions
 * with a new place for their bytes. An interrupted move continues: it skips what is in the target.
 */
import { eachConcurrently } from '#lib/async/each-concurrently.ts'
import { decodeJson, encodeJson, rowsOf } from '#metadata/tables.ts'
import { ApiError, reasonIn } from '#model/errors.ts'
import { isRestored } from '#store/changes/restore-version.ts'
import { checkStore } from '#store/fsck/check-store.ts'
import { type KeyHistory, storedHistories } from './move/histories.ts'
import type { MoveReport } from './move/move-report.ts'
import { moveBucketRows, moveOtherRows, movingKey } from './move/move-rows.ts'
import { moveVersion, type Stores } from './move/move-version.ts'

/** A move cannot begin. The message is a sentence for the administrator. */
export class MoveRefused extends Error {}

export interface MoveOptions extends Stores {
  /** Identifies the source when a move continues. */
  readonly sourceName: string
  readonly report: MoveReport
  readonly atOnceMax: number
  /** Uploads in progress are not moved. */
  readonly leavesUploads: boolean
  readonly print: (line: string) => void
  /** Moves users, policies and keys. It runs first: a start on an unfinished move must not create new ones. */
  readonly moveDocuments: () => Promise<void>
}

/** Returns whether everything was moved and is intact. Throws MoveRefused. */
export async function moveStore(options: MoveOptions): Promise<boolean> {
  const { from, to, report, atOnceMax } = options
  await assertMovable(options)
  await options.moveDocuments()
  // Removes what an interrupted move has staged.
  await to.blobs.removeAbandoned()
  const buckets = await moveBucketRows({ from, to })
  for (const bucket of buckets) {
    await eachConcurrently(storedHistories(from.engine, bucket), atOnceMax, (history) =>
      moveHistory(options, bucket, history),
    )
  }
  await moveOtherRows({ from, to })
  if (report.failed > 0 || !(await isRight(options))) return false
  await to.engine.commit({ checks: [], writes: [{ key: movingKey, value: undefined }] })
  return true
}

async function assertMovable({ from, to, sourceName, leavesUploads }: MoveOptions): Promise<void> {
  const uploads = await from.engine.scan(rowsOf('u'), { limit: 1 })
  if (uploads.length > 0 && !leavesUploads) {
    throw new MoveRefused(
      'Multipart uploads are in progress. Their parts are not moved: complete or abort them first, or leave them behind with --leave-uploads.',
    )
  }
  if ((await from.engine.get(movingKey)) !== undefined) {
    throw new MoveRefused('A move into the source has not ended: finish it first.')
  }
  const begun = await to.engine.get(movingKey)
  if (begun !== undefined) {
    const { from: name } = decodeJson<{ from: string }>(begun)
    if (name !== sourceName) throw new MoveRefused(`The target has a part of another store: ${name}.`)
    return
  }
  const there = await to.engine.scan(rowsOf('b'), { limit: 1 })
  if (there.length > 0) throw new MoveRefused('The target has buckets already: a store moves into an empty one.')
  await to.engine.commit({ checks: [], writes: [{ key: movingKey, value: encodeJson({ from: sourceName }) }] })
}

async function moveHistory({ from, to, report }: MoveOptions, bucket: string, { key, versions }: KeyHistory) {
  for (const [at, version] of versions.entries()) {
    if (await isRestored(to, bucket, version)) {
      report.skipped++
      continue
    }
    try {
      await moveVersion({ from, to }, bucket, version)
      report.objects++
      report.bytes += version.sizeBytes
    } catch (error) {
      if (!isOfVersion(error)) throw error
      report.fail(`${bucket}/${key} (version ${version.versionId})`, reasonIn(error))
      // Newer versions must not be moved before this one.
      for (const newer of versions.slice(at + 1)) {
        report.fail(`${bucket}/${key} (version ${newer.versionId})`, 'an older version could not be moved')
      }
      return
    }
  }
}

/** Errors of one version do not end the move. Errors of the stores do. */
const isOfVersion = (error: unknown): error is Error =>
  error instanceof Error && (!(error instanceof ApiError) || error.code === 'InternalError')

/** Reads the whole target and compares it with its records. */
async function isRight({ to, print }: MoveOptions): Promise<boolean> {
  const { versions, bytes, findings } = await checkStore(to, {
    repair: false,
    onFinding: ({ kind, where, what }) => print(`${kind} ${where}: ${what}`),
  })
  print(`${versions} versions with ${bytes} bytes were read back and compared with their records.`)
  return findings === 0
}
