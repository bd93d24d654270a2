/** The candidates: the floors, then this server with each durability, or the server at another endpoint. */
import { join } from 'node:path'
import { chooseWorks, type Work } from '../load/works.ts'
import type { BenchOptions } from '../options.ts'
import { findFreePort, root, startOwnServer, tsx } from './own-server.ts'
import { type StartedServer, startServer } from './processes.ts'

export interface Candidate {
  readonly title: string
  /** Undefined for a floor. */
  readonly durability?: string
  /** The title of the candidate that is the same without encryption. */
  readonly sealedOf?: string
  readonly works: readonly Work[]
  /** Gives where it answers and its process, if known. */
  start(folder: string): Promise<{ url: URL; server?: StartedServer; pid?: number }>
}

export function chooseCandidates(options: BenchOptions): readonly Candidate[] {
  // Lists are compared with the floor's GET: it is measured whenever something is.
  const onFloor = chooseWorks({ ...options, works: new Set([...options.works, 'get']) })
  return [...floors(onFloor), ...subjects(options, chooseWorks(options))]
}

function floors(works: readonly Work[]): Candidate[] {
  const start = (flags: readonly string[]) => async (folder: string) => {
    const port = await findFreePort()
    const url = new URL(`http://127.0.0.1:${port}`)
    const command = [...tsx, join(root, 'test/bench/floor.ts'), String(port), folder, ...flags]
    return { url, server: await startServer(command, url.href) }
  }
  const onFloor = works.filter((work) => work.isOnFloor)
  const putOnly = onFloor.filter((work) => work.name === 'put')
  const plain = { title: 'plain', works: onFloor, start: start([]) }
  return putOnly.length === 0 ? [plain] : [plain, { title: 'synced', works: putOnly, start: start(['--synced']) }]
}

function subjects(options: BenchOptions, works: readonly Work[]): Candidate[] {
  const { target, command, pid } = options
  if (target) {
    const start = async () => {
      if (!command) return pid === undefined ? { url: target } : { url: target, pid }
      return { url: target, server: await startServer(['sh', '-c', command], target.href) }
    }
    return [{ title: target.host, durability: options.durabilities[0] ?? 'strict', works, start }]
  }
  const flags = options.workers ? ['--workers', options.workers] : []
  return options.durabilities.flatMap((durability) => {
    const plain = { title: `ours, ${durability}`, durability, works }
    const start = (settings: Record<string, string>) => (folder: string) =>
      startOwnServer(folder, { DURABILITY: durability, ...settings }, flags)
    const sealed = { ...plain, title: `${plain.title}, sealed`, sealedOf: plain.title }
    return [
      { ...plain, start: start({}) },
      ...(options.hasSealed ? [{ ...sealed, start: start({ DEFAULT_ENCRYPTION: 'AES256' }) }] : []),
    ]
  })
}
