import { readFileSync } from 'node:fs'

/** The number of descriptors that this process may open (RLIMIT_NOFILE); undefined if it is unknown or unlimited. */
export function findOpenFileLimit(): number | undefined {
  const limit = Number(readProcLimit() ?? readReportedLimit())
  return Number.isSafeInteger(limit) && limit > 0 ? limit : undefined
}

function readProcLimit(): string | undefined {
  try {
    return /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** macOS has no /proc. A report takes milliseconds and is made once. */
function readReportedLimit(): unknown {
  const report: unknown = process.report?.getReport()
  const soft = ['userLimits', 'open_files', 'soft'].reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    report,
  )
  return soft
}
