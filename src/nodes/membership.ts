/** A process as part of its node: its heartbeat, and what it knows of the others. */
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
  /** False: the index is this machine's alone, and nothing is written. */
  readonly isShared: boolean
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
    if (options.isShared) this.#beatNow()
  }

  async list(jobs: JobOwners): Promise<NodeStatus[]> {
    const { isShared, process, about, clock } = this.#options
    const own: SeenProcess = { ...process, row: { ...about, beat: 0, atMs: clock.nowMs() }, silentMs: 0 }
    const seen = isShared ? await this.#watch.look() : [own]
    const nodes = Map.groupBy(seen, ({ nodeId }) => nodeId)
    return [...nodes.values()]
      .map((processes) => statusOf(processes, jobs, { ownId: process.nodeId, isShared }))
      .sort((a, b) => a.startedAtMs - b.startedAtMs)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#beating
    const { engine, process, isShared } = this.#options
    // A node that ends in order is not missed. If the index is away, the others see that it is gone.
    if (isShared) await removeNodeRows(engine, [process]).catch(() => undefined)
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

function statusOf(
  processes: readonly SeenProcess[],
  jobs: JobOwners,
  { ownId, isShared }: { readonly ownId: string; readonly isShared: boolean },
): NodeStatus {
  const living = processes.filter(({ silentMs }) => silentMs < goneMs)
  const shown = living.length > 0 ? living : processes
  const [{ nodeId = '', row } = { row: undefined }] = shown
  return {
    id: nodeId,
    host: row?.host ?? '',
    addresses: [...new Set(shown.map((one) => one.row.address))],
    version: row?.version ?? '',
    startedAtMs: row?.startedAtMs ?? 0,
    silentMs: isShared ? Math.min(...processes.map(({ silentMs }) => silentMs)) : undefined,
    state: living.length > 0 ? 'running' : 'gone',
    processes: shown.map(({ name }) => name),
    jobs: shown.flatMap((one) => jobs.get(one.row.leaseOwner) ?? []),
    isThis: nodeId === ownId,
  }
}
