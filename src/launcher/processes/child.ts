/** A child of the launcher: an API worker or the console, as it is told. Drains on SIGTERM, and does not outlive its launcher. */
import { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import {
  type ChildMessage,
  drainTimeoutMs,
  isConnectionMessage,
  isPingMessage,
  isStartMessage,
  processIdTakenStatus,
  type StartMessage,
} from '#launcher/protocol.ts'

interface Running {
  /** Of a server that listens by itself. */
  readonly port?: number
  /** Of one whose connections the launcher accepts. */
  take?(socket: Socket): void
  close(timeoutMs: number): Promise<void>
}

let starting: Promise<Running> | undefined
let running: Running | undefined
let isStopping = false

async function start(message: StartMessage): Promise<Running> {
  if (message.role === 'console') {
    // A few people use it at a time: its memory counts for more than its speed.
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
    // It never started: there is nothing to finish.
  }
  process.exit(0)
}

function fail(error: unknown): void {
  if (isStopping) return
  if (error instanceof Error && error.name === 'ProcessIdTaken') process.exit(processIdTakenStatus)
  // Mistakes of the user's need no stack; bugs do.
  const isPlain = error instanceof Error && ('code' in error || ['StartError', 'IndexUnreadable'].includes(error.name))
  process.stderr.write(`${isPlain ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

process.on('SIGTERM', () => void stop())
// Ctrl-C reaches every process of the terminal: the launcher decides.
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

/** Without a socket if its client was gone before it was sent. */
function take(handle: unknown): void {
  tell({ type: 'taken' })
  if (!(handle instanceof Socket)) return
  if (running?.take === undefined || isStopping) handle.destroy()
  else running.take(handle)
}

/** A launcher that has ended hears nothing more; `disconnect` tells that. */
function tell(message: ChildMessage): void {
  process.send?.(message, undefined, undefined, () => {})
}
