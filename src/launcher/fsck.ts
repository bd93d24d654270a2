/** `myfsio fsck [--repair] [--rebuild]`: compares index and files, and says what does not fit. */
import { existsSync } from 'node:fs'
import type { AppConfig } from '#config.ts'
import { openIdentities } from '#identity/identities.ts'
import { checkStore, type Finding, FolderInUse } from '#store/fsck/check-store.ts'
import { StartError } from './protocol.ts'

export interface FsckFlags {
  readonly repair: boolean
  readonly rebuild: boolean
  /** The flags of settings. */
  readonly rest: readonly string[]
}

export function parseFsckFlags(argv: readonly string[]): FsckFlags {
  const own = ['--repair', '--rebuild']
  return {
    repair: argv.includes('--repair') || argv.includes('--rebuild'),
    rebuild: argv.includes('--rebuild'),
    rest: argv.filter((argument) => !own.includes(argument)),
  }
}

/** Returns the exit status: 0 if everything fits now, 1 if something does not. StartError if the folder cannot be checked. */
export async function fsck(config: AppConfig, flags: FsckFlags, print: (line: string) => void): Promise<number> {
  const { storageRoot: root, region, metadataEngine, defaultPublicAccessBlock: blocksPublicAccess } = config
  if (metadataEngine === 'memory') throw new StartError('METADATA_ENGINE=memory keeps nothing that could be checked.')
  if (!existsSync(root)) throw new StartError(`There is no folder ${root} to check.`)
  const say = (fields: object, message: string) => print(`${message} ${JSON.stringify(fields)}`)
  const log = { info: say, warn: say, error: () => {} }
  const { repair, rebuild } = flags
  try {
    const ownerId = await findOwnerId(config)
    const onFinding = (finding: Finding) => print(formatFinding(finding))
    const made = { ownerId, region, blocksPublicAccess }
    const summary = await checkStore({ root, repair, rebuild, ...made, log, onFinding })
    const { versions, bytes, findings, repaired } = summary
    print(`${versions} versions with ${bytes} bytes were compared with their records.`)
    const left = findings - repaired
    if (findings === 0) print('Everything fits.')
    else if (left === 0) print(`${findings} findings, all repaired.`)
    else print(`${findings} findings, ${repaired} repaired.${repair ? '' : ' --repair mends what can be mended.'}`)
    return left === 0 ? 0 : 1
  } catch (error) {
    if (error instanceof FolderInUse) throw new StartError(error.message)
    throw error
  }
}

const formatFinding = ({ kind, where, what, repair }: Finding): string =>
  [`${kind.padEnd(8)} ${where}: ${what}`, repair].filter((part) => part !== undefined).join(' ')

/** Whom buckets belong to that are made of folders. */
async function findOwnerId({ iamPath, adminAccessKey, adminSecretKey }: AppConfig): Promise<string> {
  const bootstrap = { accessKey: adminAccessKey ?? 'localadmin', secretKey: adminSecretKey ?? 'localadmin' }
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const identities = await openIdentities({ path: iamPath, bootstrap, log: silent })
  const { ownerId } = identities
  await identities.close()
  return ownerId
}
