import { openIndex } from '#app/open-index.ts'
import type { AppConfig } from '#config/config.ts'
import { systemClock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { assertNoNodes } from '#nodes/living-nodes.ts'

/** Opens the index of nodes. Throws NodeRefused if a node runs. */
export async function openUnusedIndex(config: AppConfig): Promise<MetadataEngine> {
  const engine = await openIndex(config)
  try {
    await assertNoNodes(engine, systemClock)
    return engine
  } catch (error) {
    await engine.close()
    throw error
  }
}
