/**
 * Starts the children, starts again what dies, and stops them all. It is the primary of node:cluster for the API workers, so that
 * they share one port.
 */
import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { prepareChildEnvironment } from '#config.ts'
import { drainTimeoutMs, isHelloMessage, isReadyMessage, StartError, type StartMessage } from './protocol.ts'

/** One child that should always run. */
export interface Post {
  /** As `API worker 1`. */
  readonly name: string
  readonly start: StartMessage
}

interface Manned {
  readonly post: Post
  child: ChildProcess
  port: number | undefined
}

const deathsMax = 5
const deathsWindowMs = 30_000
const backOffMs = [0, 100, 400, 1600, 3200]
/**
 * V8 starts with a limit so low (MiB) that what passes through buffers of large bodies makes it mark the whole heap at every one of
 * them, which takes as long as their MD5.
 */
const apiFlags = ['--initial-old-space-size=96']
const killAfterMs = drainTimeoutMs + 2000

export interface SupervisorOptions {
  readonly program: string
  readonly say: (line: string) => void
  /** Too many deaths, or one that a restart does not mend. Everything has been stopped. */
  readonly giveUp: (reason: string) => void
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #manned: Manned[] = []
  #deaths: number[] = []
  #stopping: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    prepareChildEnvironment()
    cluster.setupPrimary({ exec: options.program, args: [], execArgv: apiFlags, serialization: 'advanced' })
  }

  /** Resolves with the port of each post when all of them serve. StartError if one ends before. */
  start(posts: readonly Post[]): Promise<number[]> {
    return Promise.all(posts.map((post) => this.#man(post)))
  }

  /** Resolves when no child is left: requests in flight get their time, then none. */
  stop(): Promise<void> {
    this.#stopping ??= Promise.all(this.#manned.map(({ child }) => endChild(child))).then(() => {})
    return this.#stopping
  }

  /** Does not wait for requests in flight. */
  kill(): void {
    for (const { child } of this.#manned) child.kill('SIGKILL')
  }

  #man(post: Post): Promise<number> {
    return new Promise((resolve, reject) => {
      const manned: Manned = { post, child: this.#fork(post), port: undefined }
      this.#manned.push(manned)
      this.#attend(manned, resolve, reject)
    })
  }

  #attend(manned: Manned, onReady: (port: number) => void, onFailure: (error: Error) => void): void {
    const { post, child } = manned
    let isReady = false
    child.on('message', (message) => {
      if (isHelloMessage(message)) child.send(startAt(post.start, manned.port))
      if (!isReadyMessage(message)) return
      isReady = true
      manned.port = message.port
      onReady(message.port)
    })
    child.once('exit', (code, signal) => {
      if (this.#stopping !== undefined) return
      const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`
      // What never served at all will not serve the next time either.
      if (manned.port === undefined && !isReady) onFailure(new StartError(`${post.name} ${how} before it could serve.`))
      else this.#replace(manned, how)
    })
    child.once('error', (error) => onFailure(error))
  }

  #replace(manned: Manned, how: string): void {
    const { say, giveUp } = this.#options
    const now = Date.now()
    this.#deaths = [...this.#deaths.filter((at) => now - at < deathsWindowMs), now]
    const { length } = this.#deaths
    if (length >= deathsMax) {
      const reason = `${manned.post.name} ${how}: ${length} deaths within ${deathsWindowMs / 1000} s. Giving up.`
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
    if (post.start.role === 'api') return cluster.fork().process
    return fork(this.#options.program, [], { execArgv: [], serialization: 'advanced' })
  }
}

/** A successor serves where its predecessor did, also when the system had chosen the port. */
function startAt(start: StartMessage, port: number | undefined): StartMessage {
  if (port === undefined) return start
  const where = start.role === 'api' ? { apiPort: port } : { uiPort: port }
  return { ...start, config: { ...start.config, ...where } }
}

function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const killing = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    child.once('exit', () => {
      clearTimeout(killing)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
