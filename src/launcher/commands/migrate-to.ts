/** `myfsio migrate --to URLS`, `--to-folder FOLDER` and `--from-folder FOLDER`: moves this store to another place. */
import { moveTo } from '#app/migrate/move-to.ts'
import { FolderInUse } from '#blobs/files/staging/folder-in-use.ts'
import { type AppConfig, loadConfig, loadConfigWith } from '#config/config.ts'
import { findOwnerId } from '#launcher/commands/fsck.ts'
import { StartError } from '#launcher/protocol.ts'
import { assertIndexOwn, assertStorageWritable } from '#launcher/start/storage-access.ts'
import { MoveReport } from '#migrate/move/move-report.ts'
import { MoveRefused } from '#migrate/move-store.ts'
import { reasonIn } from '#model/errors.ts'
import { readParallel, takeFlags } from './migrate-arguments.ts'
import type { Output } from './migrate-from.ts'

interface Places {
  readonly source: AppConfig
  readonly target: AppConfig
}

const leaveUploads = '--leave-uploads'
const progressEveryMs = 5000

/** Returns the exit status: 1 if anything failed. StartError if it cannot begin. */
export async function migrateTo(argv: readonly string[], { print, complain }: Output): Promise<number> {
  const { values, rest } = takeFlags(argv, ['to', 'to-folder', 'from-folder', 'parallel'])
  const settings = rest.filter((argument) => argument !== leaveUploads)
  const { source, target } = placesOf(values, settings)
  for (const config of [source, target]) assertUsable(config)
  const say = (fields: object, message: string) => complain(`${message} ${JSON.stringify(fields)}`)
  const log = { info: () => {}, warn: say, error: say }
  const report = new MoveReport(print)
  const timer = setInterval(() => complain(report.progress()), progressEveryMs).unref()
  const ownerId = await findOwnerId(source)
  const more = { atOnceMax: readParallel(values.get('parallel')), leavesUploads: rest.includes(leaveUploads) }
  try {
    const isMoved = await moveTo({ source, target, ownerId, report, print, log, ...more })
    if (report.skipped > 0) print(`${report.skipped} were there already.`)
    print(report.summary())
    return isMoved ? 0 : 1
  } catch (error) {
    throw isPlain(error) ? new StartError(reasonIn(error)) : error
  } finally {
    clearInterval(timer)
  }
}

function placesOf(values: ReadonlyMap<string, string>, settings: readonly string[]): Places {
  const config = loadConfig(settings)
  const [to, toFolder, fromFolder] = ['to', 'to-folder', 'from-folder'].map((name) => values.get(name))
  const inFolder = (folder: string) => loadConfigWith(settings, { ...nothingElsewhere, STORAGE_ROOT: folder })
  if (toFolder !== undefined && to === undefined && fromFolder === undefined) {
    return { source: config, target: inFolder(toFolder) }
  }
  if (fromFolder !== undefined && to === undefined && toFolder === undefined) {
    return { source: inFolder(fromFolder), target: config }
  }
  if (to !== undefined && toFolder === undefined && fromFolder === undefined) {
    return { source: config, target: loadConfigWith(settings, urlsOf(to)) }
  }
  throw new StartError(
    'Say where from or to: migrate --from s3://…, --to METADATA_URL,BLOBS_URL, --to-folder FOLDER or --from-folder FOLDER.',
  )
}

/** A folder has its documents in it. */
const nothingElsewhere = {
  METADATA_URL: undefined,
  BLOBS_URL: undefined,
  IAM_CONFIG: undefined,
  BUCKET_POLICY_PATH: undefined,
}

function urlsOf(text: string) {
  const urls = text.split(/,(?=s3:\/\/|postgres(?:ql)?:\/\/)/)
  const [blobs] = urls.filter((url) => url.startsWith('s3://'))
  const [metadata] = urls.filter((url) => url.startsWith('postgres'))
  if (urls.length !== 2 || blobs === undefined || metadata === undefined) {
    throw new StartError(
      '--to needs both addresses, as in --to "postgres://…,s3://…"; --to-folder moves back to files.',
    )
  }
  return { METADATA_URL: metadata, BLOBS_URL: blobs }
}

/** StartError. */
function assertUsable(config: AppConfig): void {
  if (config.metadataEngine === 'memory') throw new StartError('METADATA_ENGINE=memory keeps nothing to move.')
  assertIndexOwn(config)
  assertStorageWritable(config)
}

/** Told in its sentence: an address, a key, or a store that cannot be used. */
const isPlain = (error: unknown): error is Error =>
  error instanceof MoveRefused ||
  error instanceof FolderInUse ||
  (error instanceof Error && (error.name === 'StartError' || 'code' in error))
