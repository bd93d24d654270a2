import type { MetadataEngine } from '#metadata/engine.ts'

/** An engine that asks another: to be spread under what a test does differently. */
export function forwardingEngine(engine: MetadataEngine): MetadataEngine {
  return {
    get: (key) => engine.get(key),
    getMany: (keys) => engine.getMany(keys),
    scan: (range, options) => engine.scan(range, options),
    scanInPlace: (range, limit, read) => engine.scanInPlace(range, limit, read),
    commit: (commit) => engine.commit(commit),
    exclusively: (section) => engine.exclusively(section),
    flush: () => engine.flush(),
    close: () => engine.close(),
  }
}
