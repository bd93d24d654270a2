/** Clients that read and write over all nodes while something fails, and what must be true afterwards. */
import { setTimeout as pass } from 'node:timers/promises'
import { CreateBucketCommand, HeadBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { expect, vi } from 'vitest'
import { Recorder } from '../linearizability/history.ts'
import { expectLinearizable, startClients } from '../linearizability/work.ts'
import type { Cluster } from './cluster.ts'
import { Ledger } from './ledger.ts'

/** The time of load before and after a fault. */
const calmMs = 1500
/** Service must continue within this time after a fault. */
export const recoveryMs = 45_000

interface LoadOptions {
  /** Of the buckets. */
  readonly name: string
  readonly seed: number
  /** A write without an answer, or with a 503, may take effect until so long afterwards. */
  readonly lateMs?: number
}

export class Load {
  readonly #clients: readonly S3Client[]
  readonly #recorder: Recorder
  readonly #ledger: Ledger
  readonly #ledgerBucket: string
  readonly #seed: number
  readonly #ended: Promise<unknown>
  #isOver = false

  private constructor(cluster: Cluster, { name, seed, lateMs }: LoadOptions) {
    this.#clients = cluster.nodes.map((_, at) => cluster.client(at))
    this.#recorder = new Recorder(cluster.ports, name, { areKilled: true, ...(lateMs !== undefined && { lateMs }) })
    this.#ledgerBucket = `ledger-${name}`
    this.#ledger = new Ledger(this.#ledgerBucket)
    this.#seed = seed
    const goesOn = () => !this.#isOver
    this.#ended = Promise.all([
      startClients(this.#recorder, { goesOn, seed, pauseMs: 20 }),
      ...[0, 1].map(() => this.#ledger.write(this.#clients, goesOn)),
    ])
    this.#ended.catch(() => undefined)
  }

  static async start(cluster: Cluster, options: LoadOptions): Promise<Load> {
    const client = cluster.client(0)
    for (const Bucket of [options.name, `ledger-${options.name}`])
      await client.send(new CreateBucketCommand({ Bucket }))
    return new Load(cluster, options)
  }

  /** Resolves after some time of load. Throws what the clients have found wrong. */
  async calm(): Promise<void> {
    await Promise.race([pass(calmMs), this.#ended])
  }

  /** Each node serves small and large bodies again without a restart. */
  async untilServed(): Promise<void> {
    const Bucket = this.#ledgerBucket
    for (const client of this.#clients) {
      const use = async () => {
        await client.send(new HeadBucketCommand({ Bucket }))
        const sent = ['small', 'large'].map((Key) => ({ Key, Body: Buffer.alloc(Key === 'small' ? 100 : 100_000) }))
        for (const one of sent) await client.send(new PutObjectCommand({ Bucket, ...one }))
      }
      await vi.waitFor(use, { timeout: recoveryMs, interval: 200 })
    }
  }

  /** Stops the clients, and compares what they were answered with what is there. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.#ended
    expect(this.#ledger.wrong).toEqual([])
    expect(this.#ledger.size).toBeGreaterThan(0)
    expectLinearizable(this.#recorder, `SEED=${this.#seed}`)
    for (const client of this.#clients) expect(await this.#ledger.findLost(client)).toEqual([])
    const { statuses, count } = this.#recorder
    if (process.env.CLUSTER_VERBOSE) console.log(this.#ledgerBucket, this.#ledger.size, [...statuses], count)
  }
}
