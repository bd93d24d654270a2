/** A process as part of its node: its heartbeat, and the state of the other processes. */
import type { Clock } from '#lib/clock.ts'
import type { NodeStatus } from '#model/node-status.ts'
import {
  beatEveryMs,
  forgetGoneNodes,
  goneMs,
  type NodeEngine,
  type NodeProcess,
  type NodeRow,
  NodeWatch,
  putNodeRow,
  removeNodeRows,
  type SeenProcess,
} from './node-rows.ts'

export interface MembershipOptions {
  readonly engine: NodeEngine
  readonly clock: Clock
  readonly process: NodeProcess
  readonly about: Omit<NodeRow, 'beat' | 'atMs'>
  readonly log: { warn(fields: object, message: string): void }
}

/** The titles of running jobs by the ids of their owners. */
export type JobOwners = ReadonlyMap<string, readonly string[]>

export class Membership {
  readonly #options: MembershipOptions
  readonly #watch: NodeWatch
  #beat = 0
  #isTroubled = false
  #beating: Promise<void> = Promise.resolve()
  #cancel = () => {}
  #isClosed = false

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#watch = new NodeWatch(options.engine, options.clock)
    this.#beatNow()
  }

  async list(jobs: JobOwners): Promise<NodeStatus[]> {
    const seen = await this.#watch.look()
    const ids = [...new Set(seen.map(({ nodeId }) => nodeId))]
    const processesOf = (id: string) => seen.filter(({ nodeId }) => nodeId === id)
    const { nodeId: ownId } = this.#options.process
    return ids
      .map((id) => statusOf(processesOf(id), jobs, ownId))
      .sort((one, other) => one.startedAtMs - other.startedAtMs)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#beating
    const { engine, process } = this.#options
    // A node that stops normally removes its rows. If the index is unavailable, the other nodes notice the silence.
    await removeNodeRows(engine, [process]).catch(() => undefined)
  }

  #beatNow(): void {
    if (this.#isClosed) return
    this.#beating = this.#write()
    this.#cancel = this.#options.clock.after(beatEveryMs, () => void this.#beating.then(() => this.#beatNow()))
  }

  async #write(): Promise<void> {
    const { engine, process, about, clock, log } = this.#options
    try {
      await putNodeRow(engine, process, { ...about, beat: ++this.#beat, atMs: clock.nowMs() })
      await forgetGoneNodes(engine, await this.#watch.look(), clock.nowMs())
      this.#isTroubled = false
    } catch (error) {
      if (!this.#isTroubled) log.warn({ err: error }, 'the heartbeat of this node could not be written')
      this.#isTroubled = true
    }
  }
}

function statusOf(processes: readonly SeenProcess[], jobs: JobOwners, ownId: string): NodeStatus {
  const living = processes.filter(({ silentMs }) => silentMs < goneMs)
  const shown = living.length > 0 ? living : processes
  const [{ nodeId = '', row } = { row: undefined }] = shown
  return {
    id: nodeId,
    host: row?.host ?? '',
    addresses: [...new Set(shown.map((one) => one.row.address))],
    version: row?.version ?? '',
    startedAtMs: row?.startedAtMs ?? 0,
    silentMs: Math.min(...processes.map(({ silentMs }) => silentMs)),
    state: living.length > 0 ? 'running' : 'gone',
    processes: shown.map(({ name }) => name),
    jobs: shown.flatMap((one) => jobs.get(one.row.leaseOwner) ?? []),
    isThis: nodeId === ownId,
    problem: clockProblem(living[0]?.aheadMs),
  }
}

/** Access keys and sessions of STS expire by the clock of the node that is asked. */
function clockProblem(aheadMs: number | undefined): string | undefined {
  // The row may be one heartbeat old, so the clock may look that much behind.
  const isFar = aheadMs !== undefined && (aheadMs > clockMaxMs || aheadMs < -clockMaxMs - 2 * beatEveryMs)
  if (!isFar) return undefined
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  return `Its clock is ${seconds} seconds ${aheadMs > 0 ? 'ahead of' : 'behind'} this node's.`
}

const clockMaxMs = 10_000
