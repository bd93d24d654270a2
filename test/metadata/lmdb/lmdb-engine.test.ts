import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { localEngineContract } from '../local-engine-contract.ts'

for (const flush of ['each', 'soon', 'never'] as const) {
  localEngineContract(async () => {
    const path = await mkdtemp(join(tmpdir(), 'myfsio-index-'))
    return { engine: openLmdbEngine({ path, flush }), remove: () => rm(path, { recursive: true }) }
  })
}
