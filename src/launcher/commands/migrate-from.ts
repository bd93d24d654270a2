/** `myfsio migrate --from s3://…`: imports buckets of any store that speaks S3. */
import { importFrom } from '#app/migrate/import-from.ts'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'
import type { Prepared } from '#launcher/start/first-start.ts'
import { assertIndexOwn, assertStorageWritable } from '#launcher/start/storage-access.ts'
import { version } from '#lib/program/package-root.ts'
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import type { ImportReport } from '#migrate/import/report.ts'
import { reasonOf } from '#migrate/source/refusal.ts'
import type { ImportArguments } from './migrate-arguments.ts'

export interface Output {
  /** Results. */
  print(line: string): void
  /** What is on the way. */
  complain(line: string): void
}

const progressEveryMs = 5000

/** Returns the exit status: 1 if anything failed. StartError if the source or the folder cannot be used. */
export async function migrateFrom(
  config: AppConfig,
  asked: ImportArguments,
  { print, complain, prepare }: Output & { readonly prepare: (config: AppConfig) => Promise<Prepared> },
): Promise<number> {
  if (config.metadataEngine === 'memory') throw new StartError('METADATA_ENGINE=memory would keep nothing.')
  assertIndexOwn(config)
  assertStorageWritable(config)
  const { config: prepared, bootstrap } = await prepare(config)
  const say = (fields: object, message: string) => complain(`${message} ${JSON.stringify(fields)}`)
  const log = { info: () => {}, warn: say, error: say }
  const watch = (report: ImportReport) => {
    const timer = setInterval(() => complain(report.progress()), progressEveryMs).unref()
    return () => clearInterval(timer)
  }
  const { address, into, without, isDry, atOnceMax } = asked
  const start = { config: prepared, bootstrap, version }
  const options = { start, address, into, without, isDry, atOnceMax, log, print, watch }
  const report = await importFrom(options).catch((error: unknown) => {
    const isOurs = error instanceof IndexUnreadable || (error instanceof Error && error.name === 'StartError')
    throw new StartError(isOurs ? error.message : `The source cannot be read: ${reasonOf(error)}`)
  })
  for (const line of report.notes()) print(`note: ${line}`)
  if (report.skipped > 0) print(`${report.skipped} were there already.`)
  print(isDry ? `${report.summary()} (dry run: nothing was written)` : report.summary())
  return report.failed === 0 ? 0 : 1
}
