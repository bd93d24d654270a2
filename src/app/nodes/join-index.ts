/**
 * Runs before the processes of a node start. Checks that its version, SECRET_KEY and root key match the other nodes.
 * Imports documents from files if the index has none.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openKeyring } from '#app/open-keyring.ts'
import type { AppConfig } from '#config/config.ts'
import { readText } from '#documents/document-text.ts'
import { sealGivenSecret } from '#identity/administrator.ts'
import { openBucketPolicies } from '#identity/bucket-policies/bucket-policies.ts'
import { type Identities, openIdentities } from '#identity/identities.ts'
import { Secrets } from '#identity/secrets/secrets.ts'
import { systemClock } from '#lib/clock.ts'
import { assertFormat, ownFormat } from '#nodes/index-format.ts'
import { agreeOnSecret } from '#nodes/shared-secret.ts'
import { type SharedDocuments, silent, withSharedDocuments } from './shared-documents.ts'

export interface JoinOptions {
  readonly version: string
  /** The first user. `iamText`: the text of iam.json; undefined if there is none yet. */
  readonly bootstrapOf: (iamText: string | undefined) => { readonly accessKey: string; readonly secretKey: string }
  /** Called after the users exist. */
  readonly prepare: (identities: Identities) => Promise<void>
  readonly say: (sentence: string) => void
}

export interface Joined {
  readonly secretKey: string
  /** The present text of iam.json. */
  readonly iamText: string | undefined
}

/** Throws NodeRefused, or another error with a code and a sentence. */
export function joinIndex(config: AppConfig, options: JoinOptions): Promise<Joined> {
  return withSharedDocuments(config, async (shared) => {
    const { engine } = shared
    const { version, say } = options
    await assertFormat(engine, { version, understands: ownFormat }, systemClock)
    const former = () => readIfThere(join(config.configFolder, 'secret_key'))?.trim() || undefined
    const secretKey = await agreeOnSecret(engine, systemClock, { given: config.secretKey, former, warn: say })
    await tellOfFiles(config, shared, say)
    await openAll({ ...config, secretKey }, shared, options)
    return { secretKey, iamText: (await readText(engine, 'iam.json'))?.text }
  })
}

async function openAll(config: AppConfig, { engine, rows }: SharedDocuments, options: JoinOptions): Promise<void> {
  const { sources } = rows
  const { iamPath, bucketPolicyPath, secretKey = '', adminSecretKey } = config
  const iamText = (await readText(engine, 'iam.json'))?.text ?? readIfThere(iamPath)
  const first = options.bootstrapOf(iamText)
  const isGiven = first.secretKey === adminSecretKey
  const bootstrap = isGiven ? { ...first, secretKey: sealGivenSecret(new Secrets(secretKey), adminSecretKey) } : first
  const identities = await openIdentities({ path: iamPath, sources, bootstrap, log: silent, secretKey })
  try {
    await options.prepare(identities)
    const policies = await openBucketPolicies({ path: bucketPolicyPath, sources, log: silent })
    await policies.close()
    const keys = await openKeyring({ config, sources, clock: systemClock, log: silent })
    await keys.close()
  } finally {
    await identities.close()
  }
}

/** Reports documents that also exist as files. */
async function tellOfFiles(config: AppConfig, { engine }: SharedDocuments, say: JoinOptions['say']): Promise<void> {
  for (const { name, path } of sharedFiles(config)) {
    if (!existsSync(path)) continue
    const isKept = (await readText(engine, name)) !== undefined
    say(
      isKept
        ? `${path} is ignored: with METADATA_URL, ${name} is in the index. myfsio documents export and import change it by hand.`
        : `${path} is taken into the index. From now on the file is ignored.`,
    )
  }
}

/** The documents that people edit. */
export const sharedFiles = ({
  iamPath,
  bucketPolicyPath,
  kms,
}: Pick<AppConfig, 'iamPath' | 'bucketPolicyPath' | 'kms'>) => [
  { name: 'iam.json', path: iamPath },
  { name: 'bucket_policies.json', path: bucketPolicyPath },
  { name: 'kms_keys.json', path: kms.keysPath },
]

const readIfThere = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
