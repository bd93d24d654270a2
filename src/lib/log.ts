/** The log: JSON in large writes where speed counts, readable lines on a terminal. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'
import { LogDestination } from './log-destination.ts'

export interface LogSettings {
  readonly level: string
  readonly format: 'auto' | 'json' | 'pretty'
  /** Written to as well. Whoever sets it aside renames it: it is opened again within seconds. */
  readonly file: string | undefined
}

export type Log = pino.Logger

export async function createLog(settings: LogSettings, name: string): Promise<Log> {
  const isPretty = settings.format === 'pretty' || (settings.format === 'auto' && process.stdout.isTTY === true)
  const streams: pino.StreamEntry[] = [
    { level: 'trace', stream: isPretty ? await prettyStream() : new LogDestination(1) },
  ]
  if (settings.file !== undefined) {
    mkdirSync(dirname(settings.file), { recursive: true })
    streams.push({ level: 'trace', stream: new LogDestination(settings.file) })
  }
  const [only] = streams
  const stream = streams.length === 1 && only ? only.stream : pino.multistream(streams)
  // The level of each stream lets all pass: what is logged is decided once.
  return pino({ level: settings.level, base: { name, pid: process.pid } }, stream)
}

async function prettyStream() {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true })
}
