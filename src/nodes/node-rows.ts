/**
 * Each process of each node has a row, which changes with every heartbeat. Clocks of different machines are not
 * compared: a process counts as silent while this process sees its row unchanged. The time in a row is used only when
 * the row is seen for the first time.
 */
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, eachRow, encodeJson, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'

export interface NodeProcess {
  /** Each start of a node has its own. */
  readonly nodeId: string
  /** Such as `API worker 1`. A replacement process gets the same name. */
  readonly name: string
}

export interface NodeRow {
  readonly host: string
  /** Such as `API 10.0.0.5:5000`. */
  readonly address: string
  readonly version: string
  /** The format that its program understands, see index-format.ts. */
  readonly format: number
  /** When the node started. */
  readonly startedAtMs: number
  /** The id in the leases of its jobs. */
  readonly leaseOwner: string
  readonly beat: number
  readonly atMs: number
}

export interface SeenProcess extends NodeProcess {
  readonly row: NodeRow
  readonly silentMs: number
  /** How far its clock is ahead of ours, exact to one heartbeat; undefined until the row has changed once. */
  readonly aheadMs: number | undefined
}

interface Seen {
  readonly beat: string
  readonly sinceMs: number
  readonly aheadMs: number | undefined
}

export const beatEveryMs = 5000
/** A process counts as ended after this time of silence. */
export const goneMs = 20_000
const dayMs = 86_400_000

export type NodeEngine = Pick<MetadataEngine, 'get' | 'scan' | 'commit'>

const keyOf = ({ nodeId, name }: NodeProcess): Buffer => rowKey('N', nodeId, name)

export async function readNodeRows(engine: NodeEngine): Promise<(NodeProcess & { readonly row: NodeRow })[]> {
  const found = []
  for await (const { key, value } of eachRow(engine, rowsOf('N'))) {
    const [nodeId = '', name = ''] = rowParts(key)
    found.push({ nodeId, name, row: decodeJson<NodeRow>(value) })
  }
  return found
}

export const putNodeRow = (engine: NodeEngine, process: NodeProcess, row: NodeRow) =>
  engine.commit({ checks: [], writes: [{ key: keyOf(process), value: encodeJson(row) }] })

export const removeNodeRows = (engine: Pick<MetadataEngine, 'commit'>, processes: readonly NodeProcess[]) =>
  engine.commit({ checks: [], writes: processes.map((one) => ({ key: keyOf(one), value: undefined })) })

/** The heartbeats of all processes, as this process has seen them. */
export class NodeWatch {
  readonly #engine: NodeEngine
  readonly #clock: Clock
  readonly #seen = new Map<string, Seen>()

  constructor(engine: NodeEngine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  async look(): Promise<SeenProcess[]> {
    const rows = await readNodeRows(this.#engine)
    const names = new Set(rows.map(nameOf))
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name)
    const nowMs = this.#clock.elapsedMs()
    return rows.map((one) => {
      const { sinceMs, aheadMs } = this.#see(one)
      return { ...one, silentMs: nowMs - sinceMs, aheadMs }
    })
  }

  #see(process: NodeProcess & { readonly row: NodeRow }): Seen {
    const { beat, atMs, startedAtMs } = process.row
    const text = `${startedAtMs} ${atMs} ${beat}`
    const known = this.#seen.get(nameOf(process))
    if (known?.beat === text) return known
    const ageMs = this.#clock.nowMs() - atMs
    const nowMs = this.#clock.elapsedMs()
    const seen =
      known === undefined
        ? { beat: text, sinceMs: nowMs - Math.max(0, ageMs), aheadMs: undefined }
        : { beat: text, sinceMs: nowMs, aheadMs: -ageMs }
    this.#seen.set(nameOf(process), seen)
    return seen
  }
}

const nameOf = ({ nodeId, name }: NodeProcess): string => `${nodeId} ${name}`

/** Removes rows of nodes that ended a day ago, both by their heartbeats and by the time in the rows. */
export async function forgetGoneNodes(engine: NodeEngine, seen: readonly SeenProcess[], nowMs: number): Promise<void> {
  const gone = seen.filter(({ silentMs, row }) => silentMs > dayMs && nowMs - row.atMs > dayMs)
  if (gone.length > 0) await removeNodeRows(engine, gone)
}
