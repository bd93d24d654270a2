/** A running candidate, and its measurements. */
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Bench, bucket, type Work } from '../load/works.ts'
import type { BenchOptions } from '../options.ts'
import type { Measurement, Report } from '../report.ts'
import type { Candidate } from './candidates.ts'
import { measureTree, type StartedServer } from './processes.ts'

/** Before each measurement, so that who had to wait for its turn is awake again. */
const wakeSeconds = 0.5

export class Contender {
  readonly candidate: Candidate
  readonly bench: Bench
  readonly rounds = new Map<string, Measurement[]>()
  readonly #server: StartedServer | undefined
  readonly #pid: number | undefined
  readonly #idleRssBytes: number | undefined

  private constructor(candidate: Candidate, bench: Bench, server: StartedServer | undefined, pid: number | undefined) {
    this.candidate = candidate
    this.bench = bench
    this.#server = server
    this.#pid = pid
    this.#idleRssBytes = this.#usage()?.rssBytes
  }

  static async start(candidate: Candidate, options: BenchOptions, parent: string): Promise<Contender> {
    const { url, server, pid } = await candidate.start(await mkdtemp(join(parent, 'candidate-')))
    const { accessKey, secretKey } = options
    const endpoint = { host: url.hostname, port: Number(url.port || 80) }
    const isFloor = candidate.durability === undefined
    const bench = new Bench(options, { endpoint, credentials: { accessKey, secretKey }, isFloor })
    const contender = new Contender(candidate, bench, server, server?.pid ?? pid)
    try {
      if (!isFloor) await bench.createBucket(bucket)
    } catch (error) {
      await contender.stop()
      throw error
    }
    return contender
  }

  async warmUp(work: Work): Promise<void> {
    this.bench.renew()
    await work.prepare?.(this.bench)
    if (!this.bench.options.isSmoke) await this.bench.run(work, work.warmUpSeconds)
  }

  async measure(work: Work): Promise<void> {
    // Otherwise the next sync would also write what others have left unwritten.
    await promisify(execFile)('sync').catch(() => undefined)
    this.bench.renew()
    if (work.refill === undefined) await this.bench.run(work, wakeSeconds)
    else await work.refill(this.bench)
    const [before, ownBefore] = [this.#usage(), process.cpuUsage()]
    const result = await this.bench.run(work, this.bench.options.seconds)
    const [own, after] = [process.cpuUsage(ownBefore), this.#usage()]
    const count = Math.max(1, result.operations)
    const measurement = {
      ...result,
      perSecond: result.operations / result.seconds,
      clientMicroseconds: (own.user + own.system) / count,
      ...(before && after ? { cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / count } : {}),
    }
    this.rounds.set(work.title, [...(this.rounds.get(work.title) ?? []), measurement])
  }

  report(): Report {
    const { title, durability } = this.candidate
    const [idleRssBytes, rssBytes] = [this.#idleRssBytes, this.#usage()?.rssBytes]
    return {
      title,
      rounds: this.rounds,
      ...(durability === undefined ? {} : { durability }),
      ...(idleRssBytes === undefined || rssBytes === undefined ? {} : { idleRssBytes, rssBytes }),
    }
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
  }

  #usage() {
    return this.#pid === undefined ? undefined : measureTree(this.#pid)
  }
}
