/**
 * The one port of all API workers. The launcher accepts, and hands each connection to a worker that has taken its last one, so that
 * a busy worker gets fewer. It keeps a connection open until the worker has it: one that is lost on its way (the worker had no
 * descriptor left for it, or ended) goes to another. node:cluster would wait for that worker for good.
 */
import type { ChildProcess } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import type { ConnectionMessage } from '#launcher/protocol.ts'

interface Worker {
  readonly child: ChildProcess
  /** On its way to the worker. */
  handed: Socket | undefined
  /** The same when the last ping was sent. */
  handedBeforePing: Socket | undefined
}

export class SharedPort {
  readonly #server: Server
  readonly #workers = new Map<ChildProcess, Worker>()
  readonly #waiting = new Set<Socket>()
  #listening: Promise<number> | undefined

  /** More connections than `waitingMax` at once that no worker takes are closed. */
  constructor(waitingMax: number) {
    // Not read here: the first byte is for the worker.
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = waitingMax
  }

  /** Resolves with the port, which is chosen by the system for port 0. */
  listen(host: string, port: number): Promise<number> {
    this.#listening ??= new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        // A connection that could not be accepted, for want of descriptors: its client comes again.
        this.#server.on('error', () => {})
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
    return this.#listening
  }

  /** A worker that serves. */
  add(child: ChildProcess): void {
    this.#workers.set(child, { child, handed: undefined, handedBeforePing: undefined })
    this.#handOut()
  }

  remove(child: ChildProcess): void {
    const worker = this.#workers.get(child)
    this.#workers.delete(child)
    if (worker?.handed !== undefined) this.#wait(worker.handed)
  }

  /** The worker has what was handed to it. */
  taken(child: ChildProcess): void {
    const worker = this.#workers.get(child)
    // Only this process's share of it is closed.
    worker?.handed?.destroy()
    if (worker !== undefined) this.#free(worker)
  }

  pinged(child: ChildProcess): void {
    const worker = this.#workers.get(child)
    if (worker !== undefined) worker.handedBeforePing = worker.handed
  }

  /** Messages keep their order: what was handed before the ping has come by now, or never will. */
  answered(child: ChildProcess): void {
    const worker = this.#workers.get(child)
    if (worker?.handed === undefined || worker.handed !== worker.handedBeforePing) return
    const lost = worker.handed
    this.#free(worker)
    this.#wait(lost)
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#waiting) socket.destroy()
    this.#waiting.clear()
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {})
    socket.once('close', () => this.#waiting.delete(socket))
    this.#wait(socket)
  }

  #wait(socket: Socket): void {
    if (socket.destroyed) return
    this.#waiting.add(socket)
    this.#handOut()
  }

  #handOut(): void {
    for (const socket of this.#waiting) {
      const worker = this.#nextFree()
      if (worker === undefined) return
      this.#waiting.delete(socket)
      this.#hand(socket, worker)
    }
  }

  /** They take turns. */
  #nextFree(): Worker | undefined {
    for (const worker of this.#workers.values()) {
      if (worker.handed !== undefined) continue
      this.#workers.delete(worker.child)
      this.#workers.set(worker.child, worker)
      return worker
    }
    return undefined
  }

  #hand(socket: Socket, worker: Worker): void {
    worker.handed = socket
    const message: ConnectionMessage = { type: 'connection' }
    // An error says that the worker has ended; its exit comes next.
    worker.child.send(message, socket, { keepOpen: true }, () => {})
  }

  #free(worker: Worker): void {
    worker.handed = undefined
    worker.handedBeforePing = undefined
    this.#handOut()
  }
}
