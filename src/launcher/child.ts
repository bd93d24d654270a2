/** A child of the launcher: an API worker or the console, as it is told. Drains on SIGTERM, and does not outlive its launcher. */
import { setFlagsFromString } from 'node:v8'
import { drainTimeoutMs, type HelloMessage, isStartMessage, type ReadyMessage, type StartMessage } from './protocol.ts'

interface Running {
  readonly port: number
  close(timeoutMs: number): Promise<void>
}

let starting: Promise<Running> | undefined
let isStopping = false

async function start(message: StartMessage): Promise<Running> {
  if (message.role === 'console') {
    // A few people use it at a time: its memory counts for more than its speed.
    setFlagsFromString('--optimize-for-size')
    const { startConsole } = await import('#console-app.ts')
    return startConsole(message)
  }
  const { startApi } = await import('#app.ts')
  return startApi(message)
}

async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  try {
    const running = await starting
    await running?.close(drainTimeoutMs)
  } catch {
    // It never started: there is nothing to finish.
  }
  process.exit(0)
}

function fail(error: unknown): void {
  if (isStopping) return
  // Mistakes of the user's need no stack; bugs do.
  const isPlain = error instanceof Error && ('code' in error || error.name === 'StartError')
  process.stderr.write(`${isPlain ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

process.on('SIGTERM', () => void stop())
// Ctrl-C reaches every process of the terminal: the launcher decides.
process.on('SIGINT', () => {})
process.on('disconnect', () => void stop())
process.on('message', (message) => {
  if (!isStartMessage(message) || starting !== undefined) return
  starting = start(message)
  starting.then(({ port }) => process.send?.({ type: 'ready', port } satisfies ReadyMessage), fail)
})
process.send?.({ type: 'hello' } satisfies HelloMessage)
