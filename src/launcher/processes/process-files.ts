/** What Linux says of processes, in /proc. A process may end while it is read, and those of other users may be closed: both read as empty. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Oldest id first. */
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
