/** Finds the running nodes. A starting node has seen no heartbeats yet, so it waits for the next one of each node. */
import { type Clock, sleep } from '#lib/clock.ts'
import { beatEveryMs, type NodeEngine, NodeWatch, type SeenProcess } from './node-rows.ts'
import { NodeRefused } from './refused-start.ts'

/** Takes as long as two heartbeats. Does not compare clocks. */
export async function findLivingNodes(engine: NodeEngine, clock: Clock): Promise<SeenProcess[]> {
  const watch = new NodeWatch(engine, clock)
  const beats = new Map((await watch.look()).map(({ nodeId, name, row }) => [`${nodeId} ${name}`, row.beat]))
  if (beats.size === 0) return []
  await sleep(clock, 2 * beatEveryMs)
  return (await watch.look()).filter(({ nodeId, name, row }) => beats.get(`${nodeId} ${name}`) !== row.beat)
}

/** For what needs the index for itself. Throws NodeRefused. */
export async function assertNoNodes(engine: NodeEngine, clock: Clock): Promise<void> {
  const living = await findLivingNodes(engine, clock)
  if (living.length > 0) throw new NodeRefused(`These nodes use the index: ${nameNodes(living)}. Stop them first.`)
}

/** Such as `api-1 (version 0.9.0), api-2 (version 0.9.0)`. */
export function nameNodes(living: readonly SeenProcess[]): string {
  return [...new Set(living.map(({ row }) => `${row.host} (version ${row.version})`))].join(', ')
}
