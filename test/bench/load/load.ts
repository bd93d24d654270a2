/** Drives prepared requests over several connections, for a time or until they are used up. */
import { Connection } from './connection.ts'
import type { WireRequest } from './sign.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface LoadResult {
  readonly operations: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failures: number
  readonly firstFailure?: string
}

export interface Load {
  readonly connections: number
  readonly seconds: number
  /** The next request to send; undefined ends the run early. */
  next(): WireRequest | undefined
}

/** Latencies and failures of one run, as they come. */
class Tally {
  readonly #latenciesMs: number[] = []
  #failures = 0
  #firstFailure: string | undefined

  add(request: WireRequest, elapsedMs: number, error: Error | undefined, status: number): void {
    this.#latenciesMs.push(elapsedMs)
    if (!error && status >= 200 && status <= 299) return
    this.#failures++
    this.#firstFailure ??= error?.message ?? `status ${status} to ${request.head.toString().split('\r\n')[0]}`
  }

  summarize(seconds: number): LoadResult {
    const sorted = this.#latenciesMs.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    const failures = this.#failures
    const result = { operations: sorted.length - failures, seconds, p50Ms: at(0.5), p99Ms: at(0.99), failures }
    return this.#firstFailure === undefined ? result : { ...result, firstFailure: this.#firstFailure }
  }
}

export async function drive(endpoint: Endpoint, load: Load): Promise<LoadResult> {
  const open = () => Connection.open(endpoint.host, endpoint.port)
  const connections = await Promise.all(Array.from({ length: load.connections }, open))
  const tally = new Tally()
  const start = performance.now()
  const end = start + load.seconds * 1000
  const runOne = (connection: Connection) =>
    new Promise<void>((resolve, reject) => {
      const finish = () => {
        connection.close()
        resolve()
      }
      const step = () => {
        const sentAt = performance.now()
        const request = sentAt < end ? load.next() : undefined
        if (!request) return finish()
        connection.send(request, (error, { status }) => {
          tally.add(request, performance.now() - sentAt, error, status)
          if (error) finish()
          else if (connection.isClosing) reopen()
          else step()
        })
      }
      const reopen = () => {
        connection.close()
        open().then((opened) => {
          connection = opened
          step()
        }, reject)
      }
      step()
    })
  await Promise.all(connections.map(runOne))
  return tally.summarize((performance.now() - start) / 1000)
}

/** Sends each request once; throws unless all are answered with 2xx. */
export async function sendAll(endpoint: Endpoint, requests: Iterable<WireRequest>, connections = 16): Promise<void> {
  const source = requests[Symbol.iterator]()
  const next = () => source.next().value as WireRequest | undefined
  const result = await drive(endpoint, { connections, seconds: 3600, next })
  if (result.failures > 0) throw new Error(`Preparing failed ${result.failures} times: ${result.firstFailure}`)
}

/** Sends one request and gives its status and body. */
export async function ask(endpoint: Endpoint, request: WireRequest): Promise<{ status: number; body: Buffer }> {
  const connection = await Connection.open(endpoint.host, endpoint.port, true)
  try {
    return await new Promise((resolve, reject) =>
      connection.send(request, (error, answer) => (error ? reject(error) : resolve(answer))),
    )
  } finally {
    connection.close()
  }
}
