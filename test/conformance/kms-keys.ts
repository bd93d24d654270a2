/** The two keys of the KMS that the suite's configuration names, by their ARNs since answers are compared with them. */
import { openKeyring } from '#app/open-keyring.ts'
import { loadConfig } from '#config/config.ts'
import { systemClock } from '#lib/clock.ts'
import { makeKey } from '../s3/encryption/make-key.ts'
import { mainAccount } from './users.ts'

/** Before the server starts on the folder. */
export async function makeKmsKeys(
  storageRoot: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly [string, string]> {
  const log = { info: () => undefined, warn: () => undefined, error: console.error }
  const config = loadConfig([], { ...settings, STORAGE_ROOT: storageRoot }, storageRoot)
  const { keyring, close } = await openKeyring({ config, clock: systemClock, log })
  const [first, second] = [
    await makeKey(keyring, { account: mainAccount }),
    await makeKey(keyring, { account: mainAccount }),
  ]
  await close()
  return [first.arn, second.arn]
}
