/** `myfsio rotate-root-key [--from FILE]`: wraps the keys of the KMS with another root key, while no server runs. */
import { exchangeRootKeyOf } from '#app/exchange-root-key.ts'
import { FolderInUse } from '#blobs/files/staging/folder-in-use.ts'
import { type AppConfig, formerKeySettings } from '#config/config.ts'
import { RootKeyProblem } from '#keyring/root-key/root-key-source.ts'
import { StartError } from '#launcher/protocol.ts'
import { assertIndexOwn, assertStorageWritable } from '#launcher/start/storage-access.ts'
import { NodeRefused } from '#nodes/refused-start.ts'

export interface RotateArguments {
  /** A file with the settings that name the present root key. */
  readonly from: string | undefined
  /** The flags of settings. */
  readonly rest: readonly string[]
}

export function parseRotateArguments(argv: readonly string[]): RotateArguments {
  const at = argv.indexOf('--from')
  if (at === -1) return { from: undefined, rest: argv }
  const from = argv[at + 1]
  if (from === undefined) throw new StartError('--from needs a file: with the settings of the present root key.')
  return { from, rest: argv.toSpliced(at, 2) }
}

/** What was done, in sentences. StartError, and nothing has changed then. */
export async function rotateRootKey(config: AppConfig, from: string | undefined): Promise<string> {
  if (config.metadataEngine === 'memory') throw new StartError('METADATA_ENGINE=memory keeps no keys.')
  const former = from === undefined ? config.kms : formerKeySettings(from, config)
  assertIndexOwn(config)
  assertStorageWritable(config)
  const say = (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
  const log = { info: () => {}, warn: say, error: say }
  try {
    const root = await exchangeRootKeyOf(config, former, log)
    const where = {
      file: `in ${root?.file}, and in a second copy`,
      setting: 'KMS_ROOT_KEY: start the server with the same one',
      endpoint: 'at KMS_ENDPOINT: start the server with the same settings',
    }[root?.kind ?? 'file']
    return `Another root key wraps the keys. It is ${where}. Backups from before need the root key of before.`
  } catch (error) {
    throw isPlain(error) ? new StartError(error.message) : error
  }
}

/** Told in its sentence. */
const isPlain = (error: unknown): error is Error =>
  error instanceof RootKeyProblem || error instanceof FolderInUse || error instanceof NodeRefused
