/**
 * One folder for all that the tests put into the system's temporary one, so that nothing is left there. Run by Vitest.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'myfsio-test-'))

export function setup(): void {
  // The names of POSIX and of Windows.
  Object.assign(process.env, { TMPDIR: folder, TEMP: folder, TMP: folder })
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
