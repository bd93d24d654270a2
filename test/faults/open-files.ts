import { readdirSync, readlinkSync } from 'node:fs'

/** Files below `root` that this process has open, but those of the index and the journal, and the folder whose lock it has; none where the system does not say. */
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
