/** Starts and stops the servers under measurement, and reads from /proc what their process trees cost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = 100
const pageBytes = 4096

export interface TreeUsage {
  readonly cpuMicroseconds: number
  readonly rssBytes: number
  readonly processes: number
}

/** CPU time and resident memory of a process and all its descendants; undefined if there is no /proc. */
export function measureTree(rootPid: number): TreeUsage | undefined {
  const stats = readStats()
  if (!stats) return undefined
  const tree = treeOf(rootPid, stats)
  const members = stats.filter((stat) => tree.has(stat.pid))
  return {
    cpuMicroseconds: (members.reduce((sum, stat) => sum + stat.ticks, 0) / ticksPerSecond) * 1e6,
    rssBytes: members.reduce((sum, stat) => sum + stat.rssBytes, 0),
    processes: members.length,
  }
}

/** The process and all its descendants. */
export function treeOf(rootPid: number, stats: readonly ProcessStat[] = readStats() ?? []): ReadonlySet<number> {
  const tree = new Set([rootPid])
  // Parents may be listed after their children: repeat until nothing new is found.
  for (let size = 0; size !== tree.size; ) {
    size = tree.size
    for (const stat of stats) if (tree.has(stat.parentPid)) tree.add(stat.pid)
  }
  return tree
}

interface ProcessStat {
  readonly pid: number
  readonly parentPid: number
  readonly ticks: number
  readonly rssBytes: number
}

function readStats(): ProcessStat[] | undefined {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return undefined
  }
  return names.flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The name in parentheses may hold anything: count the fields from the last ')'.
      const fields = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number)
      const [parentPid = 0, user = 0, system = 0, pages = 0] = [fields[1], fields[11], fields[12], fields[21]]
      return [{ pid: Number(name), parentPid, ticks: user + system, rssBytes: pages * pageBytes }]
    } catch {
      return []
    }
  })
}

/** Groups of their own outlive an interrupted benchmark unless it ends them. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

export interface StartedServer {
  readonly pid: number
  stop(): Promise<void>
}

/** Starts `command` in its own process group and waits until `url` gives any answer. */
export async function startServer(
  command: readonly string[],
  url: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedServer> {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const errors: Buffer[] = []
  child.stderr?.on('data', (data: Buffer) => {
    if (errors.length < 50) errors.push(data)
  })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${Buffer.concat(errors)}`)))
  })
  failed.catch(() => {})
  try {
    await Promise.race([failed, waitUntilAnswering(url)])
  } catch (error) {
    killGroup(child, 'SIGKILL')
    throw error
  }
  return { pid: child.pid ?? 0, stop: () => stopGroup(child) }
}

async function waitUntilAnswering(url: string, timeoutMs = 60_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    try {
      await (await fetch(url, { signal: AbortSignal.timeout(2000) })).arrayBuffer()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error(`${url} did not answer within ${timeoutMs / 1000} s.`)
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  killGroup(child, 'SIGTERM')
  const forced = setTimeout(() => killGroup(child, 'SIGKILL'), 10_000)
  await ended
  clearTimeout(forced)
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group has already ended.
  }
}
