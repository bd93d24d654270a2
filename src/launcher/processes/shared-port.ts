/**
 * The port that all API workers share. The launcher accepts connections and sends each to a worker that has confirmed
 * its previous one, so a busy worker gets fewer. The launcher keeps its own descriptor of a connection until the worker
 * confirms it: a connection that is lost on the way (the worker had no free descriptor, or ended) is sent to another
 * worker. node:cluster would wait for that worker forever.
 */
import type { ChildProcess } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import type { ConnectionMessage } from '#launcher/protocol.ts'

interface Worker {
  readonly child: ChildProcess
  /** Sent to the worker, not confirmed yet. */
  handed: Socket | undefined
  /** The value of `handed` when the last ping was sent. */
  handedBeforePing: Socket | undefined
}

export class SharedPort {
  readonly #server: Server
  readonly #workers = new Map<ChildProcess, Worker>()
  readonly #waiting = new Set<Socket>()
  #listening: Promise<number> | undefined

  /** At most `waitingMax` connections wait for a worker; further ones are closed. */
  constructor(waitingMax: number) {
    // The launcher must not read: the first byte belongs to the worker.
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = waitingMax
  }

  /** Resolves with the port, which is chosen by the system for port 0. */
  listen(host: string, port: number): Promise<number> {
    this.#listening ??= new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        // The launcher has no free descriptor to accept a connection: the client has to connect again.
        this.#server.on('error', () => {})
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
    return this.#listening
  }

  /** Adds a worker that is ready to serve. */
  add(child: ChildProcess): void {
    this.#workers.set(child, { child, handed: undefined, handedBeforePing: undefined })
    this.#handOut()
  }

  remove(child: ChildProcess): void {
    const worker = this.#workers.get(child)
    this.#workers.delete(child)
    if (worker?.handed !== undefined) this.#wait(worker.handed)
  }

  /** The worker confirms the connection that was sent to it. */
  taken(child: ChildProcess): void {
    const worker = this.#workers.get(child)
    // This closes the launcher's own descriptor; the worker keeps its own.
    worker?.handed?.destroy()
    if (worker !== undefined) this.#free(worker)
  }

  pinged(child: ChildProcess): void {
    const worker = this.#workers.get(child)
    if (worker !== undefined) worker.handedBeforePing = worker.handed
  }

  /**
   * The worker has answered a ping. Messages keep their order: a connection sent before the ping has arrived by now, or
   * is lost.
   */
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

  /** Round robin. */
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
    // An error means that the worker has ended: its event `exit` follows.
    worker.child.send(message, socket, { keepOpen: true }, () => {})
  }

  #free(worker: Worker): void {
    worker.handed = undefined
    worker.handedBeforePing = undefined
    this.#handOut()
  }
}
