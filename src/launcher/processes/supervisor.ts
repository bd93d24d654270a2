/** Starts the children, restarts a child that ends or no longer answers, and stops them all. */
import { type ChildProcess, fork } from 'node:child_process'
import { childEnvironment, prepareChildEnvironment } from '#config/environment.ts'
import {
  drainTimeoutMs,
  isHelloMessage,
  isPongMessage,
  isReadyMessage,
  isTakenMessage,
  type PingMessage,
  processIdTakenStatus,
  StartError,
  type StartMessage,
} from '#launcher/protocol.ts'
import { ownCommand } from '#lib/program/package-root.ts'
import type { SharedPort } from './shared-port.ts'

/** A child that should always run. */
export interface Post {
  /** Such as `API worker 1`. */
  readonly name: string
  readonly start: StartMessage
}

interface Manned {
  readonly post: Post
  child: ChildProcess
  /** Undefined until the child serves. */
  port: number | undefined
  /** Pings since the last answer; undefined until the child serves. */
  unansweredPings: number | undefined
  /** How many children in a row had the process id of a process in another namespace. */
  takenIds: number
}

const deathsMax = 5
const deathsWindowMs = 30_000
const backOffMs = [0, 100, 400, 1600, 3200]
/**
 * V8's initial limit (MiB) is so low that the buffers of a large body make it mark the whole heap again and again,
 * which takes as long as the MD5 of the body.
 */
const apiFlags = ['--initial-old-space-size=96']
/** Far more than the processes of another server that can have consecutive ids by chance. */
const takenIdsMax = 200
const groupSignalMs = 50
const killAfterMs = drainTimeoutMs + 2000

/** A child that has not answered this many pings in a row is ended. */
const unansweredPingsMax = 6

export interface SupervisorOptions {
  readonly program: string
  /** The address on which the API listens. */
  readonly host: string
  readonly apiPort: number
  readonly sharedPort: SharedPort
  /** A child that has not answered for about this time is replaced. */
  readonly answerTimeoutMs: number
  readonly say: (line: string) => void
  /** Called after too many restarts, or for an error that a restart does not solve. All children have been stopped. */
  readonly giveUp: (reason: string) => void
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #manned: Manned[] = []
  readonly #pinging: NodeJS.Timeout
  #deaths: number[] = []
  #workersForked = 0
  #stopping: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    prepareChildEnvironment()
    // Pings are counted instead of time: a machine in standby sends none.
    this.#pinging = setInterval(() => this.#ping(), options.answerTimeoutMs / unansweredPingsMax).unref()
  }

  /** Resolves with the port of each post when all of them serve. StartError if one ends before. */
  start(posts: readonly Post[]): Promise<number[]> {
    return Promise.all(posts.map((post) => this.#man(post)))
  }

  /** Resolves when all children have ended. Requests in flight may finish within the time limit. */
  stop(): Promise<void> {
    clearInterval(this.#pinging)
    this.#options.sharedPort.close()
    this.#stopping ??= Promise.all(this.#manned.map(({ child }) => endChild(child))).then(() => {})
    return this.#stopping
  }

  /** Ends the children without waiting for requests in flight. */
  kill(): void {
    for (const { child } of this.#manned) child.kill('SIGKILL')
  }

  /** Resolves with the port. Never settles while everything is being stopped. */
  #man(post: Post): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#stopping !== undefined) return
      const manned: Manned = { post, child: this.#fork(post), port: undefined, unansweredPings: undefined, takenIds: 0 }
      this.#manned.push(manned)
      this.#attend(manned, resolve, reject)
    })
  }

  #attend(manned: Manned, onReady: (port: number) => void, onFailure: (error: Error) => void): void {
    const { post, child } = manned
    const { sharedPort } = this.#options
    const end = (how: string) => {
      sharedPort.remove(child)
      manned.unansweredPings = undefined
      if (this.#stopping !== undefined) return
      // A child that has never served would fail again.
      if (manned.port === undefined)
        onFailure(new StartError(`${post.name} ${how} before it could serve.${adviceOn(how)}`))
      else this.#replace(manned, how)
    }
    child.on('message', (message) => {
      if (isHelloMessage(message)) send(child, startAt(post.start, manned.port))
      else if (isReadyMessage(message)) {
        if (this.#stopping !== undefined) return
        manned.unansweredPings = 0
        manned.takenIds = 0
        this.#open(manned, message.port).then(onReady, onFailure)
      } else if (isTakenMessage(message)) sharedPort.taken(child)
      else if (isPongMessage(message)) {
        manned.unansweredPings = 0
        sharedPort.answered(child)
      }
    })
    child.once('exit', (code, signal) => {
      if (code === processIdTakenStatus && manned.takenIds < takenIdsMax && this.#stopping === undefined) {
        manned.takenIds++
        manned.child = this.#fork(post)
        return this.#attend(manned, onReady, onFailure)
      }
      if (signal === null) end(`ended with ${code}`)
      // A terminal or a service manager signals the whole group of processes: the launcher's own signal arrives at
      // about the same time.
      else setTimeout(() => end(`was ended by ${signal}`), groupSignalMs)
    })
    child.on('error', (error) => {
      // There is no event `exit` without a process.
      if (child.pid === undefined) end(`could not be started (${error.message})`)
    })
  }

  /** The port of the API opens when its first worker serves. */
  async #open(manned: Manned, own: number | undefined): Promise<number> {
    const { host, apiPort, sharedPort } = this.#options
    manned.port = own ?? (await sharedPort.listen(host, apiPort))
    if (own === undefined) sharedPort.add(manned.child)
    return manned.port
  }

  #ping(): void {
    for (const manned of this.#manned) {
      const { post, child, unansweredPings } = manned
      if (unansweredPings === undefined) continue
      manned.unansweredPings = unansweredPings + 1
      if (unansweredPings < unansweredPingsMax) {
        this.#options.sharedPort.pinged(child)
        send(child, { type: 'ping' } satisfies PingMessage)
      } else {
        const seconds = Math.round(this.#options.answerTimeoutMs / 1000)
        this.#options.say(`${post.name} (process ${child.pid}) has not answered for ${seconds} s and is being ended.`)
        manned.unansweredPings = undefined
        child.kill('SIGKILL')
      }
    }
  }

  #replace(manned: Manned, how: string): void {
    const { say, giveUp } = this.#options
    const now = Date.now()
    this.#deaths = [...this.#deaths.filter((at) => now - at < deathsWindowMs), now]
    const { length } = this.#deaths
    if (length >= deathsMax) {
      const reason = `${manned.post.name} ${how}: ${length} deaths within ${deathsWindowMs / 1000} s. Giving up.${adviceOn(how)}`
      void this.stop().then(() => giveUp(reason))
      return
    }
    const waitMs = backOffMs[length - 1] ?? 0
    say(`${manned.post.name} (process ${manned.child.pid}) ${how}: starting another.`)
    setTimeout(() => {
      if (this.#stopping !== undefined) return
      manned.child = this.#fork(manned.post)
      this.#attend(
        manned,
        () => say(`${manned.post.name} serves again (process ${manned.child.pid}).`),
        (error) => say(error.message),
      )
    }, waitMs)
  }

  #fork(post: Post): ChildProcess {
    const isWorker = post.start.role === 'api'
    const env = childEnvironment(isWorker ? ++this.#workersForked : undefined)
    const execArgv = isWorker ? apiFlags : []
    return fork(this.#options.program, [], { env, execArgv, serialization: 'advanced' })
  }
}

/** LMDB maps its file into memory: a process that reads a damaged file is ended by a signal, without a message. */
const adviceOn = (how: string): string =>
  /SIGBUS|SIGSEGV|SIGABRT/.test(how)
    ? ` The index in .myfsio.sys may be damaged: \`${ownCommand} fsck\` checks it, and says what to do.`
    : ''

/** Ignores the error of a child that has ended: its event `exit` follows. */
function send(child: ChildProcess, message: StartMessage | PingMessage): void {
  child.send(message, undefined, undefined, () => {})
}

/** A restarted child listens on the port of the previous one, also if the system had chosen it. */
function startAt(start: StartMessage, port: number | undefined): StartMessage {
  if (port === undefined) return start
  const where = start.role === 'api' ? { apiPort: port } : { uiPort: port }
  return { ...start, config: { ...start.config, ...where } }
}

function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const killing = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    child.once('exit', () => {
      clearTimeout(killing)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
