/** Checks before the start that the ports are free, and names the process that uses one. */
import { createServer } from 'node:net'
import { StartError } from '#launcher/protocol.ts'
import { argumentsOf, listFolder, processIds, readLink, readText } from './process-files.ts'

export interface Listener {
  readonly what: string
  readonly port: number
  readonly setting: string
}

/** StartError: names the port that is taken, and the process that uses it if it can be found. */
export async function assertPortsFree(host: string, listeners: readonly Listener[]): Promise<void> {
  const failures = await Promise.all(listeners.map((listener) => probe(host, listener)))
  const sentences = failures.filter((failure) => failure !== undefined)
  if (sentences.length > 0) throw new StartError(sentences.join('\n'))
}

function probe(host: string, listener: Listener): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(explain(error, host, listener)))
    server.listen({ host, port: listener.port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

function explain(error: NodeJS.ErrnoException, host: string, { what, port, setting }: Listener): string {
  if (error.code === 'EADDRINUSE') {
    const holder = findHolder(port)
    return `Port ${port} for the ${what} is in use${holder ? ` by ${holder}` : ''}: stop that program, or set another port with ${setting}.`
  }
  if (error.code === 'EACCES')
    return `Port ${port} for the ${what} needs more rights: set a port above 1023 with ${setting}.`
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return `${host} is not an address of this machine: set another with --host.`
  }
  return `The ${what} cannot listen on ${host}, port ${port}: ${error.message}.`
}

/** `node server.js (process 123)`; undefined without /proc, or if the process belongs to another user. */
export function findHolder(port: number): string | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeningInodes(table, port)))
  if (inodes.size === 0) return undefined
  for (const pid of processIds()) {
    for (const fd of listFolder(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1]
      if (inode !== undefined && inodes.has(inode)) return `${commandOf(pid)} (process ${pid})`
    }
  }
  return undefined
}

/** https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html; state 0A is LISTEN. */
function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  return readText(`/proc/net/${table}`)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === '0A')
    .flatMap((fields) => fields[9] ?? [])
}

function commandOf(pid: string): string {
  const command = argumentsOf(pid).join(' ').trim() || readText(`/proc/${pid}/comm`).trim()
  return command.length > 80 ? `${command.slice(0, 79)}…` : command
}
