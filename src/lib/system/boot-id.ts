/** Identifies a start of the machine: whether data that was written and not synced is still there. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

let known: { readonly id: string | undefined } | undefined

/** Undefined if the system has none. */
export function bootId(): string | undefined {
  known ??= { id: readBootId() }
  return known.id
}

function readBootId(): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    if (process.platform === 'darwin') {
      return (
        execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'latin1' }).trim() || undefined
      )
    }
  } catch {
    // A sandbox may hide it.
  }
  return undefined
}
