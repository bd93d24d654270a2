/**
 * A child of the launcher: an API worker or the console. Finishes requests in flight on SIGTERM, and ends when its
 * launcher ends.
 */
import { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import {
  type ChildMessage,
  drainTimeoutMs,
  isConnectionMessage,
  isPingMessage,
  isPlainError,
  isStartMessage,
  processIdTakenStatus,
  type StartMessage,
} from '#launcher/protocol.ts'

interface Running {
  /** The port of a server that listens by itself. */
  readonly port?: number
  /** Serves a connection that the launcher has accepted. */
  take?(socket: Socket): void
  close(timeoutMs: number): Promise<void>
}

let starting: Promise<Running> | undefined
let running: Running | undefined
let isStopping = false

async function start(message: StartMessage): Promise<Running> {
  if (message.role === 'console') {
    // The console has few users at a time: low memory use matters more than speed.
    setFlagsFromString('--optimize-for-size')
    const { startConsole } = await import('#app/console.ts')
    return startConsole(message)
  }
  const { startApiWorker } = await import('#app/api.ts')
  return startApiWorker(message)
}

async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  try {
    const started = await starting
    await started?.close(drainTimeoutMs)
  } catch {
    // It was stopped before it had started: there are no requests to finish.
  }
  process.exit(0)
}

function fail(error: unknown): void {
  if (isStopping) return
  if (error instanceof Error && error.name === 'ProcessIdTaken') process.exit(processIdTakenStatus)
  // Errors in settings are printed without a stack, bugs with one.
  const isPlain = isPlainError(error) || (error instanceof Error && 'code' in error)
  process.stderr.write(`${isPlain ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

process.on('SIGTERM', () => void stop())
// Ctrl-C sends SIGINT to every process of the terminal. Only the launcher reacts, and stops its children.
process.on('SIGINT', () => {})
process.on('disconnect', () => void stop())
process.on('message', (message, handle) => {
  if (isPingMessage(message)) tell({ type: 'pong' })
  else if (isConnectionMessage(message)) take(handle)
  else if (isStartMessage(message) && starting === undefined) {
    starting = start(message)
    starting.then((started) => {
      running = started
      tell({ type: 'ready', port: started.port })
    }, fail)
  }
})
tell({ type: 'hello' })

/** `handle` is undefined if the client closed the connection before it was sent here. */
function take(handle: unknown): void {
  tell({ type: 'taken' })
  if (!(handle instanceof Socket)) return
  if (running?.take === undefined || isStopping) handle.destroy()
  else running.take(handle)
}

/** Ignores the error of a launcher that has ended: the event `disconnect` follows. */
function tell(message: ChildMessage): void {
  process.send?.(message, undefined, undefined, () => {})
}
