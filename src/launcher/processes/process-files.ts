/**
 * Processes as Linux shows them in /proc. A process that has ended, or is not readable for this user, reads as empty.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Lowest id first. */
export function processIds(): string[] {
  return listFolder('/proc')
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
}

export function argumentsOf(pid: string): string[] {
  return readText(`/proc/${pid}/cmdline`).split('\0').slice(0, -1)
}

export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

export function readLink(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
