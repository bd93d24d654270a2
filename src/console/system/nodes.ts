/** The nodes that serve the store, and their state. */
import type { ConsoleServices, Page } from '#console/page.ts'
import { authorizeForServer } from '#console/visit/servers-account.ts'
import type { NodeStatus } from '#model/node-status.ts'

/** AWS's action for jobs. */
const listing = 's3:ListJobs'

export const showNodes: Page = async (visit, services) => {
  authorizeForServer(visit, services, listing)
  return {
    view: 'system/nodes',
    title: 'Nodes',
    place: 'system',
    crumbs: [{ text: 'System', href: '/ui/system' }, { text: 'Nodes' }],
    locals: { nodes: (await services.nodes.list()).map(rowOf), isShared: isShared(services) },
  }
}

const isShared = ({ config }: ConsoleServices): boolean => config.metadataAddress !== undefined

function rowOf({ silentMs, ...node }: NodeStatus) {
  return { ...node, heartbeat: silentMs === undefined ? '' : describeAge(silentMs) }
}

function describeAge(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s ago`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`
}
