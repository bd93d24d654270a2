/** Settings of a bucket that have their own row, since few requests need them or they may grow. */
import type { Acceleration } from './acceleration.ts'
import type { CorsRule } from './cors.ts'
import type { Website } from './website/website.ts'

export interface BucketSettings {
  readonly accelerate: Acceleration
  readonly cors: readonly CorsRule[]
  readonly website: Website
}

export type SettingName = keyof BucketSettings
