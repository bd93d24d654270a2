/**
 * Imports buckets from another store into a STORAGE_ROOT. A server may be running: the import is one more process of
 * the store, and all processes see at once what it writes.
 */

import { openServices, type ServicesStart } from '#app/services.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { ImportContext, Omission } from '#migrate/import/context.ts'
import { ImportReport } from '#migrate/import/report.ts'
import { importBuckets } from '#migrate/import-buckets.ts'
import { openSource } from '#migrate/source/s3-source.ts'
import type { SourceAddress } from '#migrate/source/source-address.ts'
import { newBucket } from '#model/bucket/new-bucket.ts'
import { serviceActor } from '#objects/service-actor.ts'
import { writeSetting } from './write-setting.ts'

export interface ImportOptions {
  readonly start: Pick<ServicesStart, 'config' | 'bootstrap' | 'version'>
  readonly address: SourceAddress
  readonly into: string | undefined
  readonly without: ReadonlySet<Omission>
  readonly isDry: boolean
  readonly atOnceMax: number
  readonly log: LevelLog
  readonly print: (line: string) => void
  /** Gets the report while the import runs. Returns a function that ends this. */
  readonly watch: (report: ImportReport) => () => void
}

export async function importFrom(options: ImportOptions): Promise<ImportReport> {
  const { start, address, into, without, isDry, atOnceMax, log, print, watch } = options
  const { config } = start
  const opened = await openServices({ ...start, isPrimary: false }, log)
  const source = await openSource(address, config.importFrom, atOnceMax * 2)
  const report = new ImportReport(print)
  const unwatch = watch(report)
  const { services, identities, clock } = opened
  const { store, encryption } = services
  const { ownerId } = identities
  const actor = serviceActor('import', { ownerId, encryption })
  const context: ImportContext = {
    ...{ source, store, actor, report, without, isDry, atOnceMax },
    newBucket: (named) => newBucket({ ownerId, region: config.region, createdAtMs: clock.nowMs(), ...named }, config),
    putSetting: (bucketName, subresource, document) =>
      writeSetting(services, actor, { bucketName, subresource, document }),
  }
  try {
    await importBuckets(context, { address, into })
    return report
  } finally {
    unwatch()
    source.close()
    await opened.close()
  }
}
