/** `--reset-cred`: writes a new secret of the administrator to iam.json. Running servers reload the file at once. */
import { withSharedDocuments } from '#app/nodes/shared-documents.ts'
import { isShared } from '#app/open-index.ts'
import { type AppConfig, defaultCredential } from '#config/config.ts'
import type { DocumentSources } from '#documents/source.ts'
import { createAdministrator } from '#identity/administrator.ts'
import { type IdentitiesOptions, openIdentities } from '#identity/identities.ts'
import { type Credentials, newSecret } from '#launcher/start/first-start.ts'

export async function resetCredentials(config: AppConfig): Promise<Credentials> {
  const accessKey = config.adminAccessKey ?? defaultCredential
  const secretKey = config.adminSecretKey ?? newSecret()
  const say = (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
  const log = { error: say, info: () => {} }
  const reset = (sources?: DocumentSources) => resetIn(config, { accessKey, secretKey }, { log, sources })
  if (isShared(config)) await withSharedDocuments(config, ({ rows }) => reset(rows.sources))
  else await reset()
  return { accessKey, secretKey }
}

async function resetIn(
  config: AppConfig,
  { accessKey, secretKey }: Credentials,
  options: Pick<IdentitiesOptions, 'log' | 'sources'>,
): Promise<void> {
  const identities = await openIdentities({ path: config.iamPath, bootstrap: { accessKey, secretKey }, ...options })
  const [first] = identities.directory.accounts
  const account = identities.directory.findKey(accessKey)?.account ?? first
  if (account === undefined) throw new Error(`${config.iamPath} holds no account`)
  await identities.change(account.id, (draft, nowMs) => createAdministrator(draft, { accessKey, secretKey }, nowMs))
  await identities.close()
}
