/**
 * Data syncs of a fast disk are made on the calling thread: handing one to a worker thread costs so much processor time
 * that writes suffer more from it than from the wait. A slow disk must not block the other requests.
 */
import fs from 'node:fs'
import { datasync } from './sync.ts'

/**
 * A sync is quick up to this average: several times what one takes alone on a disk whose cache survives a power loss.
 */
const quickMs = 2
/** The maximum that a sync counts for, since single syncs can take long on any disk. */
const slowMs = 8
/** The weight of the latest sync in the average. */
const weight = 1 / 32

export class QuickSync {
  /** A disk counts as slow until it has proven itself, for about fifty syncs. */
  #averageMs = slowMs

  /** Like `datasync`. */
  async datasync(fd: number): Promise<void> {
    const startMs = performance.now()
    if (this.#averageMs <= quickMs) fs.fdatasyncSync(fd)
    else await datasync(fd)
    const tookMs = Math.min(performance.now() - startMs, slowMs)
    this.#averageMs += weight * (tookMs - this.#averageMs)
  }
}
