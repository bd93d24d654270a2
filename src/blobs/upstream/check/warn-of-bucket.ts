/** Settings of the upstream bucket with which it grows without end. */
import type { Upstream } from '#blobs/upstream/client/upstream.ts'
import type { LevelLog } from '#lib/log/level-log.ts'

/** A store that does not know the versioning of buckets, or refuses to say, can still be used. */
export async function warnOfBucket(upstream: Upstream, log: LevelLog): Promise<void> {
  const { bucket } = upstream.settings
  const isVersioned = await upstream.hasVersioning().catch(() => false)
  if (isVersioned) log.warn({ bucket }, versioned)
}

const versioned =
  'The bucket of BLOBS_URL has versioning, so whatever is removed stays there as older versions: give the bucket a lifecycle rule with NoncurrentVersionExpiration and ExpiredObjectDeleteMarker, or suspend its versioning and remove the older versions.'
