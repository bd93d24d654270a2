/** The real program. All its processes can be killed at once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client } from '@aws-sdk/client-s3'
import { findFreePort, root, tsx } from '../bench/servers/own-server.ts'

export class CrashingServer {
  readonly folder: string
  readonly client: S3Client
  readonly #port: number
  #child: ChildProcess | undefined
  #group: number | undefined

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.#port = port
    this.client = new S3Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' },
    })
  }

  static async create(): Promise<CrashingServer> {
    return new CrashingServer(await mkdtemp(join(tmpdir(), 'myfsio-crash-')), await findFreePort())
  }

  get port(): number {
    return this.#port
  }

  /** Of the launcher, while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** False if it ended before it could serve. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<boolean> {
    const [program, ...flags] = [...tsx, join(root, 'run.ts'), '--mode', 'api', '--api-port', String(this.#port)]
    const env = { PATH: process.env.PATH, STORAGE_ROOT: this.folder, LOG_LEVEL: 'error', ...environment }
    const child = spawn(program as string, flags, { cwd: root, env, detached: true, stdio: 'ignore' })
    this.#child = child
    this.#group = child.pid
    for (let waited = 0; waited < 30_000; waited += 50) {
      if (child.signalCode !== null) return false
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
      const answer = await fetch(`http://127.0.0.1:${this.#port}/healthz`).catch(() => undefined)
      if (answer?.ok === true) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the server did not start')
  }

  /** The whole group at once: launcher and workers. */
  kill(): void {
    this.#signal('SIGKILL')
    this.#child = undefined
  }

  stop(): void {
    this.#signal('SIGTERM')
  }

  /** Stops all its processes, as on a machine that hangs, until `goOn`. */
  freeze(): void {
    this.#signal('SIGSTOP')
  }

  goOn(): void {
    this.#signal('SIGCONT')
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // It has already ended.
    }
  }

  /**
   * After `kill`: the index is in a file that the next start does not know, and has to go back to its checkpoint and
   * its log.
   */
  async replaceIndexFile(): Promise<void> {
    await this.#gone()
    const path = join(this.folder, '.myfsio.sys', 'index', 'data.mdb')
    await copyFile(path, `${path}.copy`)
    await rename(`${path}.copy`, path)
  }

  async #gone(): Promise<void> {
    for (let waited = 0; waited < 500 && this.#isThere(); waited += 10) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  #isThere(): boolean {
    try {
      return this.#group !== undefined && process.kill(-this.#group, 0)
    } catch {
      return false
    }
  }

  /** Resolves once it has killed itself. */
  async died(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.signalCode !== null) return
    await new Promise((resolve, reject) => {
      child.once('exit', resolve)
      setTimeout(() => reject(new Error('it lives on')), 15_000).unref()
    })
  }

  async remove(): Promise<void> {
    this.kill()
    this.client.destroy()
    await rm(this.folder, { recursive: true, force: true })
  }
}
