/**
 * ADMIN_ACCESS_KEY and ADMIN_SECRET_KEY are applied at every start, also if iam.json has another secret: the
 * credentials of a deployment must always work.
 */
import type { AppConfig } from '#config/config.ts'
import { createAdministrator, sealGivenSecret } from '#identity/administrator.ts'
import { type Identities, openIdentities } from '#identity/identities.ts'
import { StartError } from '#launcher/protocol.ts'
import { refusalOf } from '#model/errors.ts'

/** A sentence that says what was changed; undefined if nothing was. StartError if iam.json cannot be read. */
export async function applyAdministrator(config: AppConfig): Promise<string | undefined> {
  const { iamPath, secretKey, adminAccessKey: accessKey = '', adminSecretKey: adminSecret = '' } = config
  const administrator = { accessKey, secretKey: adminSecret }
  const log = { error: () => {}, info: () => {} }
  const identities = await openIdentities({ path: iamPath, bootstrap: administrator, log, secretKey }).catch(
    (error: unknown) => {
      throw new StartError(error instanceof Error ? error.message : String(error))
    },
  )
  try {
    return await putAdministrator(identities, config)
  } finally {
    await identities.close()
  }
}

/** The same for users that are open. In the index of nodes the secret is encrypted. */
export async function putAdministrator(identities: Identities, config: AppConfig): Promise<string | undefined> {
  const { adminAccessKey: accessKey = '', adminSecretKey: adminSecret = '' } = config
  const { path, secrets } = identities
  const kept = config.metadataAddress === undefined ? adminSecret : sealGivenSecret(secrets, adminSecret)
  const administrator = { accessKey, secretKey: kept }
  try {
    const [first] = identities.directory.accounts
    const known = identities.directory.findKey(accessKey)
    const isSame = known !== undefined && secrets.parse(known.key.secret) === adminSecret
    // An earlier version kept it in clear text.
    const isToSeal = known?.key.secret === adminSecret && kept !== adminSecret
    if (isSame && !isToSeal) return undefined
    await identities.change((known?.account ?? first)?.id ?? '', (account) =>
      createAdministrator(account, administrator),
    )
    if (isSame) return undefined
    return known === undefined
      ? `${path} has no ADMIN_ACCESS_KEY: the user ${accessKey} is created, with all rights. Existing users stay.`
      : `ADMIN_SECRET_KEY differs from ${path}: it is now the secret of ${accessKey}.`
  } catch (error) {
    const refusal = refusalOf(error)
    return `ADMIN_ACCESS_KEY and ADMIN_SECRET_KEY could not be applied: ${refusal.message}`
  }
}
