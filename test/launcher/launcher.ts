/** The real program, started as a user starts it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Launched {
  readonly child: ChildProcess
  readonly folder: string
  /** The whole output so far. */
  output(): string
  /** The part on standard output. */
  stdout(): string
  /** Resolves with the match once the output has it; rejects when the program ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  readonly exited: Promise<number | null>
}

export interface LaunchOptions {
  /** How many each of its processes may have open. */
  readonly openFiles?: number
  /** The user to run as. */
  readonly uid?: number
  /** Its processes have their own ids, as in a container. Only SIGKILL ends it. */
  readonly hasOwnProcessIds?: boolean
  /** Node's parameters before the flags, instead of the sources. */
  readonly program?: readonly string[]
}

export function launch(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  {
    openFiles,
    uid,
    hasOwnProcessIds = false,
    program: built = ['--import', 'tsx', join(root, 'run.ts')],
  }: LaunchOptions = {},
): Launched {
  const folder = env.STORAGE_ROOT ?? mkdtempSync(join(tmpdir(), 'launcher-'))
  const command = [process.execPath, ...built, ...flags]
  const limited =
    openFiles === undefined ? command : ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...command]
  const [program = '', ...parameters] = hasOwnProcessIds ? [...ownProcessIds, ...limited] : limited
  const child = spawn(program, parameters, {
    cwd: root,
    env: { PATH: process.env.PATH, STORAGE_ROOT: folder, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
  })
  let output = ''
  const collect = (piece: Buffer) => {
    output += piece.toString()
  }
  let stdout = ''
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece.toString()
    collect(piece)
  })
  child.stderr.on('data', collect)
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output)
        if (match !== null) resolve(match)
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      look()
      void exited.then((code) => reject(new Error(`It ended with ${code} and said: ${output}`)))
    })
  return { child, folder, output: () => output, stdout: () => stdout, said, exited }
}

const ownProcessIds = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']

export const canHaveOwnProcessIds = (): boolean =>
  spawnSync('unshare', [...ownProcessIds.slice(1), 'true']).status === 0

/** Process ids of the children, from /proc. */
export function childrenOf(pid: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .filter((name) => commandOf(name).includes('child.js'))
    .map(Number)
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
