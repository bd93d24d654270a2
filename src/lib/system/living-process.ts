import { readFileSync } from 'node:fs'

/** Whether a process of this id runs, of any user. */
export function isLivingProcess(processId: number): boolean {
  try {
    process.kill(processId, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return !isZombie(processId)
}

/** A killed process whose parent was killed too may wait long to be reaped; it does nothing any more. */
function isZombie(processId: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${processId}/stat`, 'latin1'))
  } catch {
    return false
  }
}
