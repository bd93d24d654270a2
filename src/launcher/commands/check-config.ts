/** `--check-config`: checks the settings and the keys of the data folder, and prints which keys objects still use. */
import { checkKeys, readKeyUses } from '#app/folder/check-keys.ts'
import type { AppConfig } from '#config/config.ts'
import { StartError } from '#launcher/protocol.ts'
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import { keyLines } from './key-lines.ts'

/** StartError if the keys of the KMS cannot be used. */
export async function checkConfig(config: AppConfig, print: (line: string) => void): Promise<void> {
  const keys = await checkKeys(config)
  if (keys.problem !== undefined) throw new StartError(keys.problem)
  print('The settings are valid.')
  const uses = await readKeyUses(config).catch((error: unknown) => {
    throw error instanceof IndexUnreadable ? new StartError(error.message) : error
  })
  if (uses === undefined) return
  const lines = keyLines(uses.counts, keys)
  if (lines.length > 0) print(`As counted at ${new Date(uses.countedAtMs).toISOString()}:`)
  for (const line of lines) print(line)
}
