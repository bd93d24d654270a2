/** `myfsio health`: checks that the server with these settings answers. For the health check of a container. */
import { realpathSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { findCommand } from '#config/commands.ts'
import type { AppConfig } from '#config/config.ts'
import { checkApi } from '#http/check-api.ts'
import { urlOf } from '#launcher/banner.ts'
import { argumentsOf, processIds, readLink } from '#launcher/processes/process-files.ts'
import { StartError } from '#launcher/protocol.ts'

/** Returns a sentence for the user. StartError if the server does not answer. */
export async function checkHealth(config: AppConfig): Promise<string> {
  const url = urlOf(config, config.mode === 'ui' ? config.uiPort : config.apiPort)
  const health = await checkApi(url)
  if (!health.isUp) throw new StartError(`${url} is not healthy: ${health.reason}.`)
  return `${url} is healthy.`
}

/**
 * The arguments of the running server. The command of a health check has no arguments, so ports that were given as
 * flags are known only from the server's own command line. Empty if no server of this program runs, or several.
 */
export function findServerArguments(): readonly string[] {
  const program = realPathOf(process.argv[1] ?? '')
  const servers = processIds().flatMap((pid) => {
    const [command = '', ...words] = argumentsOf(pid)
    if (!basename(command).startsWith('node')) return []
    const folder = readLink(`/proc/${pid}/cwd`)
    const at = words.findIndex((word) => realPathOf(resolve(folder, word)) === program)
    const given = words.slice(at + 1)
    return at !== -1 && findCommand(given) === 'start' ? [given] : []
  })
  return servers.length === 1 ? (servers[0] ?? []) : []
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
