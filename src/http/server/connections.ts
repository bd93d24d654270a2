/**
 * Limits the connections of one server and the requests on them, so that the process never runs out of file
 * descriptors: at that limit accepting, reading and recovering all fail at once. Requests above the limit are answered
 * with 503 SlowDown.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { findOpenFileLimit } from '#lib/system/open-file-limit.ts'
import { ApiError } from '#model/errors.ts'

export interface ConnectionLimits {
  /** Descriptors for connections and for the files that their requests open. */
  readonly descriptors: number
  /** Above this number idle connections are closed, and a new one serves one request. */
  readonly connections: number
  /** Above this number a new connection is closed without an answer. */
  readonly connectionsMax: number
}

/** A copy opens its source and its target beside the connection. */
const descriptorsPerRequest = 2
/** Reserved for the index, the log, watches and jobs. */
const reservedDescriptors = 128
/** An upper bound, since connections take memory too. */
const descriptorsMax = 40_000
const silentMs = 5_000
const drainedBytes = 16 * 1024 * 1024
const saysAgainMs = 10_000

export function limitsWithin(openFileLimit: number = descriptorsMax): ConnectionLimits {
  const descriptors = Math.min(descriptorsMax, openFileLimit - Math.min(reservedDescriptors, openFileLimit / 2))
  return {
    descriptors,
    connections: Math.floor(descriptors * 0.75),
    connectionsMax: Math.floor(descriptors * 0.9),
  }
}

interface Connection {
  /** The socket of the system, below TLS. */
  readonly socket: Socket
  /** The socket of the requests, which is another one under TLS. */
  requestSocket: Socket
  requests: number
  isSurplus: boolean
}

export interface ConnectionsOptions {
  readonly limits?: ConnectionLimits | undefined
  /** Called at most every ten seconds. */
  readonly onRefused?: ((refused: number, limits: ConnectionLimits) => void) | undefined
}

export function refusalTold(log: { warn(fields: object, message: string): void }) {
  return (refused: number, { descriptors }: ConnectionLimits) =>
    log.warn(
      { refused, descriptors },
      'Connections or requests were refused: they would need more open files than this process may have (ulimit -n).',
    )
}

export class Connections {
  readonly #limits: ConnectionLimits
  readonly #onRefused: ConnectionsOptions['onRefused']
  readonly #all = new Map<Socket, Connection>()
  /** Not a WeakMap: V8 would keep each closed connection, which refers to its socket, until a full collection. */
  readonly #byRequestSocket = new Map<Socket, Connection>()
  readonly #handshakes = new Map<string, Connection>()
  #requests = 0
  #refused = 0
  #saidAtMs = Number.NEGATIVE_INFINITY

  constructor(server: Server, isTls: boolean, options: ConnectionsOptions) {
    this.#limits = options.limits ?? limitsWithin(findOpenFileLimit())
    this.#onRefused = options.onRefused
    server.prependListener('connection', (socket: Socket) => this.#open(server, socket, isTls))
    if (isTls) server.prependListener('secureConnection', (socket: Socket) => this.#openSecure(socket))
  }

  get size(): number {
    return this.#all.size
  }

  /** False if the request must be refused. Otherwise the request counts until it is answered. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#byRequestSocket.get(request.socket)
    if (connection === undefined) return true
    if (connection.isSurplus) response.shouldKeepAlive = false
    const wanted = this.#all.size + descriptorsPerRequest * (this.#requests + 1)
    if (wanted > this.#limits.descriptors && !probes.test(request.url ?? '')) return false
    this.#requests++
    connection.requests++
    // A response that waited for an earlier one on a broken connection emits no close. #close counts it then.
    response.on('close', () => {
      if (connection.requests === 0) return
      connection.requests--
      this.#requests--
    })
    return true
  }

  refuse(request: IncomingMessage, response: ServerResponse): void {
    this.#say()
    const { code, status, message } = new ApiError('SlowDown')
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
    const hasBody = 'transfer-encoding' in request.headers || Number(request.headers['content-length'] ?? 0) > 0
    response.writeHead(status, {
      server: 'MyFSIO',
      'content-type': 'application/xml',
      'content-length': Buffer.byteLength(body),
      'retry-after': '1',
      ...(hasBody ? {} : { connection: 'close' }),
    })
    response.end(request.method === 'HEAD' ? undefined : body)
    if (hasBody) drain(request)
  }

  /** Closes connections without a request in progress. */
  closeIdle(): void {
    for (const { socket, requests } of this.#all.values()) if (requests === 0) socket.destroy()
  }

  closeAll(): void {
    for (const socket of this.#all.keys()) socket.destroy()
  }

  #open(server: Server, socket: Socket, isTls: boolean): void {
    const { connections, connectionsMax } = this.#limits
    if (this.#all.size >= connections) server.closeIdleConnections()
    if (this.#all.size >= connectionsMax) {
      this.#say()
      socket.destroy()
      return
    }
    const connection = { socket, requestSocket: socket, requests: 0, isSurplus: this.#all.size >= connections }
    this.#all.set(socket, connection)
    const handshake = isTls ? `${socket.remoteAddress} ${socket.remotePort}` : undefined
    if (handshake === undefined) this.#byRequestSocket.set(socket, connection)
    else this.#handshakes.set(handshake, connection)
    socket.once('close', () => {
      this.#all.delete(socket)
      this.#byRequestSocket.delete(connection.requestSocket)
      if (handshake !== undefined) this.#handshakes.delete(handshake)
      this.#requests -= connection.requests
      connection.requests = 0
    })
    if (connection.isSurplus) {
      setTimeout(() => connection.requests === 0 && socket.destroy(), silentMs).unref()
    }
  }

  #openSecure(socket: Socket): void {
    const handshake = `${socket.remoteAddress} ${socket.remotePort}`
    const connection = this.#handshakes.get(handshake)
    if (connection === undefined) return
    connection.requestSocket = socket
    this.#byRequestSocket.set(socket, connection)
  }

  #say(): void {
    this.#refused++
    const now = performance.now()
    if (now - this.#saidAtMs < saysAgainMs) return
    this.#saidAtMs = now
    this.#onRefused?.(this.#refused, this.#limits)
    this.#refused = 0
  }
}

/** Closing while the body still arrives would reset the connection, and the client might never read the answer. */
function drain(request: IncomingMessage): void {
  const { socket } = request
  let left = drainedBytes
  setTimeout(() => socket.destroy(), silentMs).unref()
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) socket.destroy()
  })
  request.once('end', () => socket.end()).on('error', () => {})
}

/** Health checks open no file, and are needed most when the server is busy. */
const probes = /^\/(healthz|minio\/health\/)/
