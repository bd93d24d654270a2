import { openIndex } from '#app/open-index.ts'
import type { AppConfig } from '#config/config.ts'
import { systemClock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { findLivingNodes, nameNodes } from '#nodes/living-nodes.ts'
import { NodeRefused } from '#nodes/refused-start.ts'

/** Opens the index of nodes. Throws NodeRefused if a node runs. */
export async function openUnusedIndex(config: AppConfig): Promise<MetadataEngine> {
  const engine = await openIndex(config)
  try {
    const living = await findLivingNodes(engine, systemClock)
    if (living.length > 0) throw new NodeRefused(`These nodes use the index: ${nameNodes(living)}. Stop them first.`)
    return engine
  } catch (error) {
    await engine.close()
    throw error
  }
}
