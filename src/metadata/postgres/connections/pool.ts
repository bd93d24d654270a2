/** The connections of one process. They are opened when needed, and again after a loss. */
import { setTimeout as wait } from 'node:timers/promises'
import type { PostgresAddress } from '#config/metadata-url.ts'
import { Connection } from './connection.ts'
import { ConnectionLost, isRefusal, unavailable } from './failures.ts'

interface Waiting {
  readonly isWrite: boolean
  readonly take: (connection: Connection) => void
  readonly fail: (error: unknown) => void
}

/** More waiting requests are refused: the database is too slow for the load. */
const waitingMax = 5000
const backOffMs = { first: 50, max: 1000 } as const

export class Pool {
  readonly #address: PostgresAddress
  readonly #size: number
  readonly #isFlushed: boolean
  readonly #idle: Connection[] = []
  readonly #waiting: Waiting[] = []
  #opened = 0
  #opening = 0
  #writing = 0
  #isClosed = false
  #failures = 0
  /** The error of the last attempt to connect. */
  #failure: unknown

  constructor(address: PostgresAddress, size: number, isFlushed: boolean) {
    this.#address = address
    this.#size = size
    this.#isFlushed = isFlushed
  }

  /** One connection stays free for reads, which never wait for a lock. */
  get writersMax(): number {
    return Math.max(1, this.#size - 1)
  }

  /** Lends a connection to `work`. Throws SlowDown if none is free before `deadline`. */
  async use<T>(isWrite: boolean, deadline: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take(isWrite, deadline)
    try {
      return await work(connection)
    } finally {
      if (isWrite) this.#writing--
      this.#give(connection)
    }
  }

  async #take(isWrite: boolean, deadline: number): Promise<Connection> {
    if (this.#waiting.length >= waitingMax || this.#isClosed) throw unavailable()
    return new Promise((resolve, reject) => {
      const waitMs = Math.min(deadline - performance.now(), 2 ** 31 - 1)
      const timer = setTimeout(() => waiting.fail(unavailable(this.#failure)), Math.max(0, waitMs))
      const end = () => {
        clearTimeout(timer)
        const at = this.#waiting.indexOf(waiting)
        if (at !== -1) this.#waiting.splice(at, 1)
      }
      const waiting: Waiting = {
        isWrite,
        take: (connection) => {
          end()
          resolve(connection)
        },
        fail: (error) => {
          end()
          reject(error)
        },
      }
      this.#waiting.push(waiting)
      this.#serve()
    })
  }

  #serve(): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.isWrite && this.#writing >= this.writersMax) continue
      const connection = this.#nextIdle()
      if (connection === undefined) {
        this.#openMore()
        return
      }
      if (waiting.isWrite) this.#writing++
      waiting.take(connection)
    }
  }

  /** The server may have closed an idle connection. */
  #nextIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection?.isLost !== true) return connection
      this.#opened--
    }
  }

  #give(connection: Connection): void {
    if (connection.isLost) this.#opened--
    else if (this.#isClosed) void connection.close()
    else this.#idle.push(connection)
    this.#serve()
  }

  #openMore(): void {
    if (this.#isClosed || this.#opened + this.#opening >= this.#size) return
    // While connections fail, only one attempt runs at a time.
    if (this.#opening > 0 && this.#failures > 0) return
    this.#opening++
    void this.#open()
  }

  async #open(): Promise<void> {
    try {
      const connection = await Connection.open(this.#address, this.#isFlushed)
      this.#opening--
      this.#opened++
      this.#failures = 0
      this.#failure = undefined
      this.#give(connection)
    } catch (error) {
      const pause = Math.min(backOffMs.max, backOffMs.first * 2 ** this.#failures++)
      this.#failure = error
      if (isRefusal(error)) for (const waiting of [...this.#waiting]) waiting.fail(unavailable(error))
      await wait(pause * (0.5 + Math.random() / 2))
      this.#opening--
      this.#serve()
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const waiting of [...this.#waiting]) waiting.fail(unavailable(new ConnectionLost('The pool is closed.')))
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()))
  }
}
