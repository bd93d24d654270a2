/** What the suite runs against. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startOwnServer } from '../bench/servers/own-server.ts'
import { startBalancer } from '../cluster/balancer.ts'
import { Cluster } from '../cluster/cluster.ts'
import { makeKmsKeys } from './kms-keys.ts'

export interface Target {
  readonly port: number
  readonly kmsKeys: readonly [string, string]
  stop(): Promise<void>
}

export type TargetName = 'plain files' | 'one node' | 'two nodes'

export async function startTarget(
  name: TargetName,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<Target> {
  return name === 'plain files' ? startPlain(folder, settings) : startCluster(name === 'one node' ? 1 : 2, settings)
}

async function startPlain(folder: string, settings: Readonly<Record<string, string>>): Promise<Target> {
  const data = join(folder, 'data')
  await mkdir(data)
  const kmsKeys = await makeKmsKeys(data)
  const { url, server } = await startOwnServer(data, settings)
  return { port: Number(url.port), kmsKeys, stop: () => server.stop() }
}

/** Behind a load balancer. */
async function startCluster(nodeCount: number, env: Readonly<Record<string, string>>): Promise<Target> {
  // With a well-known secret in force only pages of this machine are served.
  const administrator = { ADMIN_ACCESS_KEY: 'suiteadmin', ADMIN_SECRET_KEY: randomBytes(20).toString('hex') }
  const cluster = await Cluster.prepare({ nodeCount, env: { ...administrator, ...env } })
  const kmsKeys = await makeKmsKeys(cluster.nodes[0]?.folder ?? '', cluster.settings)
  await cluster.startNodes()
  const balancer = await startBalancer(cluster.ports)
  return {
    port: balancer.port,
    kmsKeys,
    async stop() {
      await balancer.close()
      await cluster.remove()
    },
  }
}
