/** What every step of an import uses. */
import type { SourceSetting } from '#migrate/source/setting-name.ts'
import type { Source } from '#migrate/source/source.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Actor } from '#objects/actor.ts'
import type { Store } from '#store/contract.ts'
import type { ImportReport } from './report.ts'

/** What an import can omit. */
export const omissions = ['versions', 'settings', 'policy', 'encryption', 'locks', 'tags', 'annotations'] as const
export type Omission = (typeof omissions)[number]

export interface ImportContext {
  readonly source: Source
  readonly store: Store
  readonly actor: Actor
  readonly report: ImportReport
  readonly without: ReadonlySet<Omission>
  /** Reports what would be imported, and imports nothing. */
  readonly isDry: boolean
  /** The maximum of objects at the same time. */
  readonly atOnceMax: number
  readonly newBucket: (named: Pick<Bucket, 'name'> & Partial<Bucket>) => Bucket
  /** Writes a setting from its document. Returns false if this server does not support it. Throws ApiError. */
  readonly putSetting: (bucketName: string, setting: SourceSetting, document: Buffer) => Promise<boolean>
}
