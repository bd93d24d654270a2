/** What every step of an import has at hand. */
import type { SourceSetting } from '#migrate/source/setting-name.ts'
import type { Source } from '#migrate/source/source.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Actor } from '#objects/actor.ts'
import type { Store } from '#store/contract.ts'
import type { ImportReport } from './report.ts'

/** What may be left out. */
export const omissions = ['versions', 'settings', 'policy', 'encryption', 'locks', 'tags', 'annotations'] as const
export type Omission = (typeof omissions)[number]

export interface ImportContext {
  readonly source: Source
  readonly store: Store
  readonly actor: Actor
  readonly report: ImportReport
  readonly without: ReadonlySet<Omission>
  /** Says what would be taken, and takes nothing. */
  readonly isDry: boolean
  /** Objects at the same time. */
  readonly atOnceMax: number
  readonly newBucket: (named: Pick<Bucket, 'name'> & Partial<Bucket>) => Bucket
  /** Writes a setting from its document. False: this server does not serve it. Throws ApiError. */
  readonly putSetting: (bucketName: string, setting: SourceSetting, document: Buffer) => Promise<boolean>
}
