/** The usage of a bucket compared with its quota, in words and as a bar. */
import { formatBytes, formatCount } from '#console/answer/format.ts'
import type { BucketQuota } from '#model/bucket/quota.ts'
import type { BucketUsage } from '#model/bucket/usage.ts'

/** One limit. */
export interface Fill {
  readonly name: string
  readonly used: number
  readonly limit: number
  /** `60 MiB of 100 MiB used (60 %)`. */
  readonly text: string
  /** The present effect of the limit. */
  readonly effect: string
  readonly isFull: boolean
}

export function fillsOf(quota: BucketQuota | undefined, usage: BucketUsage): Fill[] {
  const { sizeBytes, objectCount } = quota ?? {}
  return [
    ...(sizeBytes === undefined ? [] : [fillOf('Size', usage.sizeBytes, sizeBytes, formatBytes)]),
    ...(objectCount === undefined ? [] : [fillOf('Objects', usage.objectCount, objectCount, objectsIn)]),
  ]
}

const objectsIn = (count: number) => `${formatCount(count)} ${count === 1 ? 'object' : 'objects'}`

function fillOf(name: string, used: number, limit: number, format: (value: number) => string): Fill {
  const percent = limit === 0 ? 100 : Math.floor((used / limit) * 100)
  const rest = limit - used
  const effect =
    rest > 0
      ? `${format(rest)} more can be added.`
      : rest === 0
        ? 'Nothing can be added.'
        : `Nothing can be added until ${format(-rest)} are deleted.`
  return { name, used, limit, text: `${format(used)} of ${format(limit)} (${percent} %)`, effect, isFull: rest <= 0 }
}
