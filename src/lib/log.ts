/**
 * The log: JSON in large writes where speed counts, readable lines on a terminal. JSON lines may wait up to a second in memory;
 * errors and the end of the process flush them.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'

export interface LogSettings {
  readonly level: string
  readonly format: 'auto' | 'json' | 'pretty'
  /** Written to as well. Whoever sets it aside renames it: it is opened again within seconds. */
  readonly file: string | undefined
}

export type Log = pino.Logger

type Destination = ReturnType<typeof pino.destination>

const bufferBytes = 4096
const flushMs = 1000
const reopenMs = 5000

export async function createLog(settings: LogSettings, name: string): Promise<Log> {
  const isPretty = settings.format === 'pretty' || (settings.format === 'auto' && process.stdout.isTTY === true)
  const streams: pino.StreamEntry[] = [{ level: 'trace', stream: isPretty ? await prettyStream() : buffered(1) }]
  if (settings.file !== undefined)
    streams.push({ level: 'trace', stream: buffered(openFile(settings.file), settings.file) })
  const [only] = streams
  const stream = streams.length === 1 && only ? only.stream : pino.multistream(streams)
  // The level of each stream lets all pass: what is logged is decided once.
  return pino({ level: settings.level, base: { name, pid: process.pid } }, stream)
}

async function prettyStream() {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true })
}

function openFile(file: string): string {
  mkdirSync(dirname(file), { recursive: true })
  return file
}

function buffered(target: number | string, file?: string): Destination {
  const destination = pino.destination({ dest: target, sync: false, minLength: bufferBytes, append: true })
  // A reader that has gone (`| head`) must not end the server.
  destination.on('error', () => {})
  setInterval(() => destination.flush(), flushMs).unref()
  process.on('exit', () => flushQuietly(destination))
  if (file !== undefined) reopenWhenRenamed(destination, file)
  return destination
}

function flushQuietly(destination: Destination): void {
  try {
    destination.flushSync()
  } catch {
    // Not open yet, or its reader has gone: nothing more can be done.
  }
}

function reopenWhenRenamed(destination: Destination, file: string): void {
  let inode = inodeOf(file)
  setInterval(() => {
    const found = inodeOf(file)
    if (found !== inode) destination.reopen()
    inode = found ?? inode
  }, reopenMs).unref()
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}
