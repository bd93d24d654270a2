/** Rotates a large log file: app.log → app.log.1 → app.log.2. The children notice the rename and open a new file. */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'

const intervalMs = 10_000

export interface RotatedLog {
  readonly file: string | undefined
  readonly maxBytes: number
  readonly backupCount: number
}

export function rotateLog({ file, maxBytes, backupCount }: RotatedLog): void {
  if (file === undefined) return
  setInterval(() => {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) setAside(file, backupCount)
  }, intervalMs).unref()
}

export function setAside(file: string, backupCount: number): void {
  if (backupCount === 0) {
    rmSync(file, { force: true })
    return
  }
  for (let number = backupCount - 1; number >= 1; number--) {
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`)
  }
  renameSync(file, `${file}.1`)
}
