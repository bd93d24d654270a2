import type { LocalEngine } from '#metadata/local-engine.ts'

/** An engine that forwards to another. A test spreads it and replaces some functions. */
export function forwardingEngine(engine: LocalEngine): LocalEngine {
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
