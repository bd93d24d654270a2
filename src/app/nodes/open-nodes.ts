/** This process as part of a node, and the list of all nodes with their jobs. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { isShared } from '#app/open-index.ts'
import type { AppConfig } from '#config/config.ts'
import type { OpenJobs } from '#jobs/open-jobs.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import type { NodeList, NodeStatus } from '#model/node-status.ts'
import { ownFormat } from '#nodes/index-format.ts'
import { Membership } from '#nodes/membership.ts'

export type Role = 'api' | 'console'

/** What the launcher tells each of its processes. */
export interface NodePart {
  readonly id: string
  readonly startedAtMs: number
  /** Such as `API worker 1`. */
  readonly process: string
  readonly role: Role
}

interface NodeStart {
  readonly config: AppConfig
  readonly version: string
  readonly node?: NodePart | undefined
}

interface Shared {
  readonly engine: MetadataEngine
  readonly jobs: OpenJobs
  readonly clock: Clock
  readonly log: LevelLog
}

export function openNodes(start: NodeStart, shared: Shared): NodeList & { close(): Promise<void> } {
  const { config, version, node } = start
  const { engine, jobs, clock, log } = shared
  const part = node ?? {
    id: randomBytes(6).toString('hex'),
    startedAtMs: clock.nowMs(),
    process: together,
    role: 'api',
  }
  if (!isShared(config)) {
    return { list: async () => [await theOnlyNode({ ...start, node: part }, jobs)], close: async () => {} }
  }
  const membership = new Membership({
    engine,
    clock,
    log,
    process: { nodeId: part.id, name: part.process },
    about: {
      host: hostname(),
      address: addressOf(config, part.role),
      version,
      format: ownFormat.format,
      startedAtMs: part.startedAtMs,
      leaseOwner: jobs.owner,
    },
  })
  return {
    list: async () => membership.list(await jobs.owners()),
    close: () => membership.close(),
  }
}

/** The name of the process if a server has only one. */
const together = 'API and console'

/** Nothing is written to the index: all processes of this node run as long as this one. */
async function theOnlyNode(
  { config, version, node }: NodeStart & { readonly node: NodePart },
  jobs: OpenJobs,
): Promise<NodeStatus> {
  const { mode, workers } = config
  const [hasApi, hasConsole] = [mode !== 'ui', mode !== 'api']
  const apart = [
    ...(hasApi ? Array.from({ length: workers }, (_, at) => `API worker ${at + 1}`) : []),
    ...(hasConsole ? ['Console'] : []),
  ]
  return {
    id: node.id,
    host: hostname(),
    addresses: [...(hasApi ? [addressOf(config, 'api')] : []), ...(hasConsole ? [addressOf(config, 'console')] : [])],
    version,
    startedAtMs: node.startedAtMs,
    silentMs: undefined,
    state: 'running',
    processes: node.process === together ? [together] : apart,
    jobs: [...(await jobs.owners()).values()].flat(),
    isThis: true,
  }
}

/** Such as `API node-1:5000`. A node that listens on all addresses gets the name of its machine. */
function addressOf({ host, apiPort, uiPort }: AppConfig, role: Role): string {
  const name = ['0.0.0.0', '::'].includes(host) ? hostname() : host
  const at = name.includes(':') ? `[${name}]` : name
  return role === 'api' ? `API ${at}:${apiPort}` : `Console ${at}:${uiPort}`
}
