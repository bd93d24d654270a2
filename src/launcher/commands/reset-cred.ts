/** `--reset-cred`: writes a new secret of the administrator to iam.json. Running servers reload the file at once. */
import { withSharedDocuments } from '#app/nodes/shared-documents.ts'
import { isShared } from '#app/open-index.ts'
import { type AppConfig, defaultCredential } from '#config/config.ts'
import type { DocumentSources } from '#documents/source.ts'
import { createAdministrator, findAdministrator } from '#identity/administrator.ts'
import type { Directory } from '#identity/directory.ts'
import { type IdentitiesOptions, openIdentities } from '#identity/identities.ts'
import { StartError } from '#launcher/protocol.ts'
import { type Credentials, newSecret } from '#launcher/start/first-start.ts'

/** StartError if it is not clear whose they are. */
export async function resetCredentials(config: AppConfig): Promise<Credentials> {
  const say = (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
  const log = { error: say, info: () => {} }
  const reset = (sources?: DocumentSources) => resetIn(config, { log, sources })
  return isShared(config) ? withSharedDocuments(config, ({ rows }) => reset(rows.sources)) : reset()
}

async function resetIn(config: AppConfig, options: Pick<IdentitiesOptions, 'log' | 'sources'>): Promise<Credentials> {
  const { iamPath: path, adminAccessKey, adminSecretKey: secretKey = newSecret() } = config
  const bootstrap = { accessKey: adminAccessKey ?? defaultCredential, secretKey }
  const identities = await openIdentities({ path, bootstrap, ...options })
  try {
    const accessKey = adminAccessKey ?? administratorIn(identities.directory)
    const [first] = identities.directory.accounts
    const account = identities.directory.findKey(accessKey)?.account ?? first
    if (account === undefined) throw new Error(`${path} holds no account`)
    await identities.change(account.id, (draft, nowMs) => createAdministrator(draft, { accessKey, secretKey }, nowMs))
    return { accessKey, secretKey }
  } finally {
    await identities.close()
  }
}

function administratorIn(directory: Directory): string {
  const found = findAdministrator(directory)
  if ('accessKey' in found) return found.accessKey
  const { candidates } = found
  const whose =
    candidates.length === 0
      ? 'no access key here belongs to an administrator'
      : `these access keys belong to administrators: ${candidates.join(', ')}`
  throw new StartError(
    `It is not clear whose credentials to reset, since ${whose}. Name an access key or a user: --reset-cred --admin-access-key NAME.`,
  )
}
