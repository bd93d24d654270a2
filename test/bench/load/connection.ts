/**
 * One raw keep-alive connection: one request at a time. It parses only as much of HTTP as shows the end of the answer.
 */
import { connect, type Socket } from 'node:net'
import type { WireRequest } from './sign.ts'

export interface Answer {
  readonly status: number
  /** Empty unless the connection keeps bodies. */
  readonly body: Buffer
}

type Done = (error: Error | undefined, answer: Answer) => void

const nothing: Buffer = Buffer.alloc(0)
/** A shared buffer for answers, which are not kept: allocating memory for each piece costs more than the rest. */
const received = Buffer.alloc(256 * 1024)
const headEnd = Buffer.from('\r\n\r\n')
const contentLength = /\r\ncontent-length: *(\d+)/i
const closing = /\r\nconnection: *close/i
const chunked = /\r\ntransfer-encoding: *chunked/i

export class Connection {
  readonly #socket: Socket
  readonly #keepsBodies: boolean
  #done: Done | undefined
  #request: WireRequest | undefined
  #pending = nothing
  #kept: Buffer[] = []
  #status = 0
  #isClosing = false
  /** Bytes of the body still to come; -1 while the head is read, -2 while chunks are read. */
  #left = -1

  constructor(socket: Socket, keepsBodies: boolean) {
    this.#socket = socket
    this.#keepsBodies = keepsBodies
    socket.on('error', (error) => this.#finish(error))
    socket.on('close', () => {
      this.#isClosing = true
      this.#finish(new Error('The server closed the connection.'))
    })
  }

  static open(host: string, port: number, keepsBodies = false): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined
      const callback = (count: number): boolean => {
        if (connection !== undefined) connection.#take(received.subarray(0, count))
        return true
      }
      const socket = connect({ host, port, noDelay: true, onread: { buffer: received, callback } }, () => {
        connection = new Connection(socket, keepsBodies)
        resolve(connection)
      })
      socket.once('error', reject)
    })
  }

  /** The server ends it after the last answer: open another for the next request. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  send(request: WireRequest, done: Done): void {
    this.#request = request
    this.#done = done
    this.#left = -1
    if (!request.body) {
      this.#socket.write(request.head)
      return
    }
    this.#socket.cork()
    this.#socket.write(request.head)
    this.#socket.write(request.body)
    this.#socket.uncork()
  }

  close(): void {
    this.#done = undefined
    this.#socket.destroy()
  }

  #take(data: Buffer): void {
    if (this.#left === -1) {
      const all = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data])
      const end = all.indexOf(headEnd)
      this.#pending = end < 0 ? Buffer.from(all) : nothing
      if (end >= 0) this.#startBody(all, end)
    } else if (this.#left === -2) {
      this.#takeChunks(data)
    } else {
      this.#takeBody(data)
    }
  }

  #startBody(all: Buffer, end: number): void {
    const head = all.toString('latin1', 0, end)
    this.#status = Number(head.slice(9, 12))
    if (closing.test(head) || head.startsWith('HTTP/1.0')) this.#isClosing = true
    const rest = end + 4 < all.length ? all.subarray(end + 4) : nothing
    if (this.#status === 100) {
      this.#take(rest)
    } else if (this.#request?.isHead || this.#status === 204 || this.#status === 304) {
      this.#finish(undefined)
    } else if (chunked.test(head)) {
      this.#left = -2
      this.#takeChunks(rest)
    } else {
      this.#left = Number(contentLength.exec(head)?.[1] ?? 0)
      this.#takeBody(rest)
    }
  }

  #takeBody(data: Buffer): void {
    if (this.#keepsBodies) this.#kept.push(Buffer.from(data))
    this.#left -= data.length
    if (this.#left <= 0) this.#finish(undefined)
  }

  /** Buffers one chunk at most: chunked answers are small documents. */
  #takeChunks(data: Buffer): void {
    let all = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data])
    for (;;) {
      const line = all.indexOf('\r\n')
      if (line < 0) break
      const size = Number.parseInt(all.toString('latin1', 0, line), 16)
      if (all.length < line + 4 + size) break
      if (size === 0) {
        this.#pending = nothing
        this.#finish(undefined)
        return
      }
      if (this.#keepsBodies) this.#kept.push(Buffer.from(all.subarray(line + 2, line + 2 + size)))
      all = all.subarray(line + 4 + size)
    }
    this.#pending = Buffer.from(all)
  }

  #finish(error: Error | undefined): void {
    const done = this.#done
    if (!done) return
    this.#done = undefined
    this.#left = -1
    const body = this.#keepsBodies ? Buffer.concat(this.#kept) : nothing
    if (this.#keepsBodies) this.#kept = []
    done(error, { status: this.#status, body })
  }
}
