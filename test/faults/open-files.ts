import { readdirSync, readlinkSync } from 'node:fs'

/**
 * Files below `root` that this process has open, except those of the index and the journal, and its locked folder; none
 * if the system does not report them.
 */
export function openFilesBelow(root: string): string[] {
  if (process.platform !== 'linux') return []
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return paths.filter((path) => path.startsWith(root) && !/\/(index|journal)\/|\/staging\/[^/]+$/.test(path))
}
