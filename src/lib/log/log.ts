/** The log: JSON in large writes where speed counts, readable lines on a terminal. */
import { dirname } from 'node:path'
import { pino } from 'pino'
import { makeFolder } from '#lib/files/make-folder.ts'
import { LogDestination } from './destination.ts'

export interface LogSettings {
  readonly level: string
  /** Standard output or standard error. */
  readonly descriptor: 1 | 2
  readonly format: 'auto' | 'json' | 'pretty'
  /** A second destination. To rotate it, rename it: it is opened again within seconds. */
  readonly file: string | undefined
}

export type Log = pino.Logger

/** The second destinations. */
const files = new WeakMap<Log, LogDestination>()

/** The interface that pino expects of a buffering destination. */
interface Destination extends pino.DestinationStream {
  flush?(done: () => void): void
}

export async function createLog(settings: LogSettings, name: string): Promise<Log> {
  const { format, descriptor } = settings
  const { isTTY } = descriptor === 1 ? process.stdout : process.stderr
  const isPretty = format === 'pretty' || (format === 'auto' && isTTY === true)
  const first = isPretty ? await prettyStream(descriptor) : new LogDestination(descriptor)
  if (settings.file === undefined) return openLog(settings, name, first)
  makeFolder(dirname(settings.file))
  const second = new LogDestination(settings.file)
  const log = openLog(settings, name, {
    write(line: string): void {
      first.write(line)
      second.write(line)
    },
    flush(done: () => void): void {
      second.flush(() => (first instanceof LogDestination ? first.flush(done) : done()))
    },
  })
  files.set(log, second)
  return log
}

const openLog = ({ level }: LogSettings, name: string, stream: Destination): Log =>
  pino({ level, base: { name, pid: process.pid } }, stream)

/** Also writes what a slow reader has no room for yet, for a limited time. Later lines do not reach the file. */
export async function closeLog(log: Log): Promise<void> {
  await new Promise<void>((resolve) => {
    const limit = setTimeout(resolve, flushMaxMs).unref()
    log.flush(() => {
      clearTimeout(limit)
      resolve()
    })
  })
  await files.get(log)?.close()
}
const flushMaxMs = 2000

async function prettyStream(destination: 1 | 2) {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ destination, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true })
}
