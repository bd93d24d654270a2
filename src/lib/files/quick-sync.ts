/**
 * Data syncs of a disk that is quick are made where they are asked for: to hand one to a thread and to have it back costs so much
 * processor time that writes suffer more than they would from the wait. A slow disk must not keep everybody else waiting.
 */
import fs from 'node:fs'
import { datasync } from './sync.ts'

/** Up to so long a sync, on average, is quick: several times as long as one takes alone on a disk whose cache outlives the power. */
const quickMs = 2
/** What a sync counts for at most: now and then one takes long on any disk. */
const slowMs = 8
/** Of the last sync in the average. */
const weight = 1 / 32

export class QuickSync {
  /** A disk is slow until it has shown what it can do: for some fifty syncs. */
  #averageMs = slowMs

  /** As `datasync`. */
  async datasync(fd: number): Promise<void> {
    const startMs = performance.now()
    if (this.#averageMs <= quickMs) fs.fdatasyncSync(fd)
    else await datasync(fd)
    const tookMs = Math.min(performance.now() - startMs, slowMs)
    this.#averageMs += weight * (tookMs - this.#averageMs)
  }
}
