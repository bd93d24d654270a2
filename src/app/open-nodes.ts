/** This process as part of a node, and the list of all nodes with their jobs. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { AppConfig } from '#config/config.ts'
import type { OpenJobs } from '#jobs/open-jobs.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import type { NodeList } from '#model/node-status.ts'
import { ownFormat } from '#nodes/index-format.ts'
import { Membership } from '#nodes/membership.ts'
import { isShared } from './open-index.ts'

/** What the launcher tells each of its processes. */
export interface NodePart {
  readonly id: string
  readonly startedAtMs: number
  /** As `API worker 1`. */
  readonly process: string
  readonly role: 'api' | 'console'
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

export function openNodes(
  start: NodeStart,
  { engine, jobs, clock, log }: Shared,
): NodeList & { close(): Promise<void> } {
  const { config, version, node = ownNode(clock) } = start
  const membership = new Membership({
    engine,
    clock,
    log,
    isShared: isShared(config),
    process: { nodeId: node.id, name: node.process },
    about: {
      host: hostname(),
      address: addressOf(config, node.role),
      version,
      format: ownFormat.format,
      startedAtMs: node.startedAtMs,
      leaseOwner: jobs.owner,
    },
  })
  return {
    list: async () => membership.list(await jobs.owners()),
    close: () => membership.close(),
  }
}

const ownNode = (clock: Clock): NodePart => ({
  id: randomBytes(6).toString('hex'),
  startedAtMs: clock.nowMs(),
  process: 'API and console',
  role: 'api',
})

/** Such as `API node-1:5000`. A node that listens on all addresses is named by its machine. */
function addressOf({ host, apiPort, uiPort }: AppConfig, role: NodePart['role']): string {
  const name = ['0.0.0.0', '::'].includes(host) ? hostname() : host
  const at = name.includes(':') ? `[${name}]` : name
  return role === 'api' ? `API ${at}:${apiPort}` : `Console ${at}:${uiPort}`
}
