/**
 * Digests of large streams in worker threads, beside the thread that receives them. A lane is one worker that serves
 * many streams. A stream's digests are spread over lanes by their cost, so that MD5 runs beside SHA-256 and the CRCs.
 * Bytes are transferred with their memory and come back with it: shared memory would need no transfer, but is copied at
 * a quarter of the speed.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { programFile } from '#lib/program/program-file.ts'
import { createDigester, type DigestName } from './digest.ts'
import type { LaneAnswer, LaneMessage } from './lane-worker.ts'
import type { PlainDigestName } from './plain-digest.ts'

type Bytes = Uint8Array<ArrayBuffer>

export interface LaneDigester {
  /**
   * Takes over the whole memory of `bytes`, and resolves to the same bytes when they have been hashed; the old view is
   * detached. Calls may overlap; order is kept. The memory is lost if it rejects.
   */
  update(bytes: Bytes): Promise<Bytes>
  /** At most once. */
  digest(): Promise<Map<DigestName, Buffer>>
  /** Instead of `digest`. */
  abandon(): void
}

const MAX_LANES = Math.min(4, availableParallelism())

/** Microseconds a MiB, measured. The xxHashes are so cheap that they run on the calling thread. */
const costs: Readonly<Record<PlainDigestName, number>> = {
  CRC32: 315,
  CRC32C: 550,
  CRC64NVME: 540,
  SHA256: 590,
  SHA1: 700,
  SHA512: 1300,
  MD5: 1420,
}

const isPlain = (name: DigestName): name is PlainDigestName => name in costs

interface Waiting {
  resolve(answer: LaneAnswer): void
  reject(error: Error): void
}

/** One worker. It keeps the process alive only while it has streams. */
class Lane {
  /** Sum of the costs of the open streams. */
  load = 0
  readonly #streams = new Map<number, Waiting[]>()
  readonly #worker: Worker
  #failure: Error | undefined

  constructor(onDeath: (lane: Lane) => void) {
    this.#worker = new Worker(programFile('lane-worker'), { execArgv: [] })
    this.#worker.unref()
    this.#worker.on('message', (answer: LaneAnswer) => this.#streams.get(answer.id)?.shift()?.resolve(answer))
    const die = (error: Error) => {
      this.#failure ??= error
      onDeath(this)
      for (const waiting of this.#streams.values()) for (const one of waiting.splice(0)) one.reject(this.#failure)
    }
    this.#worker.on('error', die)
    this.#worker.on('exit', (code) => die(new Error(`A digest worker exited with code ${code}`)))
  }

  open(id: number, names: readonly PlainDigestName[]): void {
    if (this.#streams.size === 0) this.#worker.ref()
    this.#streams.set(id, [])
    this.#send({ id, open: names })
  }

  async hash(id: number, bytes: Bytes): Promise<Bytes> {
    const answer = await this.#ask({ id, bytes }, [bytes.buffer])
    return answer.bytes ?? bytes
  }

  async finish(id: number): Promise<[PlainDigestName, Uint8Array][]> {
    return (await this.#ask({ id, finish: true }, [])).digests ?? []
  }

  #ask(message: LaneMessage, transfer: ArrayBuffer[]): Promise<LaneAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      this.#streams.get(message.id)?.push({ resolve, reject })
      this.#send(message, transfer)
    })
  }

  close(id: number): void {
    this.#send({ id, drop: true })
    this.#streams.delete(id)
    if (this.#streams.size === 0) this.#worker.unref()
  }

  #send(message: LaneMessage, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}

const lanes: Lane[] = []
let lastId = 0

function forget(lane: Lane): void {
  const at = lanes.indexOf(lane)
  if (at >= 0) lanes.splice(at, 1)
}

/** The least loaded lane; a new one rather than a busy one. */
function idlestLane(): Lane {
  const idlest = lanes.reduce<Lane | undefined>(
    (best, lane) => (best && best.load <= lane.load ? best : lane),
    undefined,
  )
  if (idlest !== undefined && (idlest.load === 0 || lanes.length >= MAX_LANES)) return idlest
  const lane = new Lane(forget)
  lanes.push(lane)
  return lane
}

/**
 * The most expensive digest first, each to the least loaded lane. If every lane is busy, a second one gains nothing:
 * the bytes would only be passed on once more.
 */
function distribute(names: readonly PlainDigestName[]): Map<Lane, PlainDigestName[]> {
  const shares = new Map<Lane, PlainDigestName[]>()
  const dearestFirst = names.toSorted((a, b) => costs[b] - costs[a])
  const onlyLane = lanes.length >= MAX_LANES && lanes.every(({ load }) => load > 0) ? idlestLane() : undefined
  for (const name of dearestFirst) {
    const lane = onlyLane ?? idlestLane()
    lane.load += costs[name]
    shares.set(lane, [...(shares.get(lane) ?? []), name])
  }
  return shares
}

export function openLanes(names: readonly DigestName[]): LaneDigester {
  const distinct = [...new Set(names)]
  const inline = createDigester(distinct.filter((name) => !isPlain(name)))
  const shares = distribute(distinct.filter(isPlain))
  const id = ++lastId
  for (const [lane, share] of shares) lane.open(id, share)
  const abandon = () => {
    for (const [lane, share] of shares) {
      for (const name of share) lane.load -= costs[name]
      lane.close(id)
    }
    shares.clear()
  }
  return {
    async update(bytes) {
      inline.update(bytes)
      // From lane to lane: each hashes the next bytes while the lane after it hashes the previous ones.
      let passed = bytes
      for (const lane of [...shares.keys()]) passed = await lane.hash(id, passed)
      return passed
    },
    async digest() {
      try {
        const digests = (await Promise.all(Array.from(shares.keys(), (lane) => lane.finish(id)))).flat()
        return new Map([...inline.digest(), ...digests.map(([name, bytes]) => [name, Buffer.from(bytes)] as const)])
      } finally {
        abandon()
      }
    },
    abandon,
  }
}
