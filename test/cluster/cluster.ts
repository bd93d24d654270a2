/** Real processes: nodes of one store, the PostgreSQL of their index, and the S3 store of their bytes. */
import { randomBytes } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { CrashingServer } from '../crash/crashing-server.ts'
import { type HangingProxy, startHangingProxy } from '../support/hanging-proxy.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { testSecretKey } from '../support/program.ts'
import { blobsElsewhere } from '../support/store-elsewhere.ts'
import { openUpstream, type TestUpstream, upstreamCredentials } from '../support/upstream.ts'

const keys = { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' }

/** A request that gets no answer within this time counts as failed. */
const answerMs = 60_000

export interface ClusterOptions {
  readonly nodeCount?: number
  /** Applies to each node. */
  readonly workers?: number
  readonly env?: Readonly<Record<string, string>>
  /** Each node has a network of its own to PostgreSQL, which may hang. */
  readonly hasNetworks?: boolean
  /** Of METADATA_URL. */
  readonly parameters?: Readonly<Record<string, string>>
}

export class Cluster {
  readonly postgres: TestPostgres
  /** This program with plain files. */
  readonly upstreamServer: CrashingServer
  readonly nodes: readonly CrashingServer[]
  /** Applies to each node. */
  readonly settings: Readonly<Record<string, string>>
  readonly upstream: TestUpstream
  /** Between each node and PostgreSQL; none without `hasNetworks`. */
  readonly networks: readonly HangingProxy[]
  readonly #clients: S3Client[] = []

  /** An interrupted run leaves no processes behind. */
  readonly #kill = () => {
    for (const server of [...this.nodes, this.upstreamServer]) server.kill()
  }

  private constructor(parts: Parts, { workers = 1, env, parameters }: ClusterOptions) {
    const { postgres, upstream, upstreamServer, nodes, networks } = parts
    this.postgres = postgres
    this.upstreamServer = upstreamServer
    this.nodes = nodes
    this.networks = networks
    this.upstream = upstream
    const { schema } = postgres.address()
    const query = new URLSearchParams({ ...parameters, schema })
    const url = `${postgres.url}${postgres.url.includes('?') ? '&' : '?'}${query}`
    this.settings = {
      METADATA_URL: url,
      ...upstream.env,
      ...blobsElsewhere(),
      SECRET_KEY: testSecretKey,
      KMS_ROOT_KEY: randomBytes(32).toString('hex'),
      ADMIN_ACCESS_KEY: keys.accessKeyId,
      ADMIN_SECRET_KEY: keys.secretAccessKey,
      WORKERS: String(workers),
      RATE_LIMIT_DEFAULT: '',
      ...env,
    }
    process.once('exit', this.#kill)
  }

  /** Starts everything except the nodes. */
  static async prepare(options: ClusterOptions = {}): Promise<Cluster> {
    return new Cluster(await startParts(options), options)
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.prepare(options)
    await cluster.startNodes()
    return cluster
  }

  /** Starts the nodes one after the other: the first creates the tables and the first user. */
  async startNodes(): Promise<void> {
    for (const at of this.nodes.keys()) await this.startNode(at)
  }

  get ports(): number[] {
    return this.nodes.map(({ port }) => port)
  }

  async startNode(at: number): Promise<void> {
    const url = new URL(this.settings.METADATA_URL ?? '')
    const network = this.networks[at]
    if (network !== undefined) url.port = String(network.port)
    await this.nodes[at]?.start({ ...this.settings, METADATA_URL: url.href })
  }

  async startUpstream(): Promise<void> {
    await this.upstreamServer.start(upstreamSettings)
  }

  /** A client of one node. The SDK does not retry. */
  client(at: number): S3Client {
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${this.nodes[at]?.port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: keys,
      requestHandler: { requestTimeout: answerMs, throwOnRequestTimeout: true },
    })
    this.#clients.push(client)
    return client
  }

  /** Requests one of our own routes, below `/_/`. */
  ask(at: number, method: string, path: string, body?: object): Promise<Response> {
    const headers = { 'x-access-key': keys.accessKeyId, 'x-secret-key': keys.secretAccessKey }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return fetch(`http://127.0.0.1:${this.nodes[at]?.port}${path}`, { method, headers, ...sent })
  }

  async remove(): Promise<void> {
    process.off('exit', this.#kill)
    for (const client of this.#clients) client.destroy()
    await Promise.all(this.nodes.map((node) => node.remove()))
    await this.upstream.close()
    for (const network of this.networks) await network.close()
    await this.postgres.close()
  }
}

interface Parts {
  readonly postgres: TestPostgres
  readonly upstream: TestUpstream
  readonly upstreamServer: CrashingServer
  readonly nodes: readonly CrashingServer[]
  readonly networks: readonly HangingProxy[]
}

const upstreamSettings = {
  ADMIN_ACCESS_KEY: upstreamCredentials.accessKeyId,
  ADMIN_SECRET_KEY: upstreamCredentials.secretAccessKey,
  WORKERS: '1',
  RATE_LIMIT_DEFAULT: '',
}

async function startParts({ nodeCount = 2, hasNetworks = false }: ClusterOptions): Promise<Parts> {
  const [postgres, upstreamServer, ...nodes] = await Promise.all([
    startPostgres(),
    CrashingServer.create(),
    ...Array.from({ length: nodeCount }, () => CrashingServer.create()),
  ])
  await upstreamServer.start(upstreamSettings)
  const upstream = await openUpstream(`http://127.0.0.1:${upstreamServer.port}`, () => upstreamServer.remove())
  const { port = 0 } = postgres.server ?? {}
  const networks = hasNetworks ? await Promise.all(nodes.map(() => startHangingProxy(port))) : []
  return { postgres, upstream, upstreamServer, nodes, networks }
}
