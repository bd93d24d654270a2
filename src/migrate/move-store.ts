/**
 * Moves everything of one store to another of this program, whatever engine and blob store each has: bucket rows as they are, and every
 * version with a new place for its bytes. A move that was ended goes on: what is there already is skipped.
 */
import { eachConcurrently } from '#lib/async/each-concurrently.ts'
import { decodeJson, encodeJson, rowsOf } from '#metadata/tables.ts'
import { ApiError } from '#model/errors.ts'
import { isRestored } from '#store/changes/restore-version.ts'
import { checkStore } from '#store/fsck/check-store.ts'
import { type KeyHistory, storedHistories } from './move/histories.ts'
import type { MoveReport } from './move/move-report.ts'
import { moveBucketRows, moveOtherRows, movingKey } from './move/move-rows.ts'
import { moveVersion, type Stores } from './move/move-version.ts'

/** A sentence about why a move cannot begin. */
export class MoveRefused extends Error {}

export interface MoveOptions extends Stores {
  /** Tells one source from another, when a move goes on. */
  readonly sourceName: string
  readonly report: MoveReport
  readonly atOnceMax: number
  /** Uploads in progress stay behind. */
  readonly leavesUploads: boolean
  readonly print: (line: string) => void
  /** Moves users, policies and keys: first of all, so that a start on half of a store makes none. */
  readonly moveDocuments: () => Promise<void>
}

/** MoveRefused. Whether everything is there now, and right. */
export async function moveStore(options: MoveOptions): Promise<boolean> {
  const { from, to, report, atOnceMax } = options
  await assertMovable(options)
  await options.moveDocuments()
  // What an ended move has staged is nobody's.
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
      'Multipart uploads are in progress, whose parts are not moved: complete or abort them first, or leave them behind with --leave-uploads.',
    )
  }
  if ((await from.engine.get(movingKey)) !== undefined) {
    throw new MoveRefused('The source itself is half of a move: end that first.')
  }
  const begun = await to.engine.get(movingKey)
  if (begun !== undefined) {
    const { from: name } = decodeJson<{ from: string }>(begun)
    if (name !== sourceName) throw new MoveRefused(`The target has a part of another source, ${name}.`)
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
      report.fail(`${bucket}/${key} (version ${version.versionId})`, error.message)
      // Newer versions would be in the way of this one.
      for (const newer of versions.slice(at + 1)) {
        report.fail(`${bucket}/${key} (version ${newer.versionId})`, 'an older version could not be moved')
      }
      return
    }
  }
}

/** Whatever is wrong with the stores ends the move. */
const isOfVersion = (error: unknown): error is Error =>
  error instanceof Error && (!(error instanceof ApiError) || error.code === 'InternalError')

/** Reads everything back. */
async function isRight({ to, print }: MoveOptions): Promise<boolean> {
  const { versions, bytes, findings } = await checkStore(to, {
    repair: false,
    onFinding: ({ kind, where, what }) => print(`${kind} ${where}: ${what}`),
  })
  print(`${versions} versions with ${bytes} bytes were read back and compared with their records.`)
  return findings === 0
}
