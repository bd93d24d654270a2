/** The default encryption of a bucket, with a preview of its effect. */
import { bucketHref } from '#console/address.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { settingsCrumbs } from '#console/settings/settings-crumbs.ts'
import { viewOf } from '#keyring/key-lookup.ts'
import type { BucketEncryption } from '#model/bucket/bucket-encryption.ts'
import { readEncryption, type TypedEncryption, typedEncryption, typedEncryptionIn } from './encryption-form.ts'
import { explainEncryption } from './explain-encryption.ts'

export const showEncryption: Page = (visit, services) => {
  const { encryption } = visit.bucket
  return encryptionView(visit, services, { typed: typedEncryption(encryption), encryption })
}

/** `do`: save, or preview, which changes nothing. */
export const saveEncryption: Page = async (visit, services) => {
  const { bucket, form } = visit
  const typed = typedEncryptionIn(form)
  const read = readEncryption(typed, services.config.defaultBlockedEncryption)
  if ('problem' in read) {
    return encryptionView(visit, services, { typed, encryption: bucket.encryption, problem: read.problem })
  }
  const { encryption } = read
  if (form.get('do') === 'preview') return encryptionView(visit, services, { typed, encryption })
  await services.store.updateBucket(bucket.name, ({ encryption: _, ...current }) =>
    encryption === undefined ? current : { ...current, encryption },
  )
  return {
    redirect: bucketHref(bucket.name, 'encryption'),
    notice: { kind: 'done', text: 'Default encryption saved' },
  }
}

interface Shown {
  readonly typed: TypedEncryption
  /** The encryption that the page explains. */
  readonly encryption: BucketEncryption | undefined
  readonly problem?: string
}

function encryptionView(visit: Visit, services: ConsoleServices, { typed, encryption, problem }: Shown): View {
  const { bucket, method } = visit
  const { defaultEncryption } = services.config
  return {
    view: 'settings/encryption',
    title: `Default encryption of ${bucket.name}`,
    place: 'buckets',
    status: problem === undefined ? 200 : 400,
    crumbs: settingsCrumbs(bucket.name, 'Default encryption'),
    locals: {
      bucket,
      typed,
      problem,
      keys: keysFor(visit, services),
      mayWrite: visit.may('s3:PutEncryptionConfiguration', { bucket }),
      isChanged: method === 'POST',
      defaultEncryption,
      effects: explainEncryption(encryption, defaultEncryption),
    },
  }
}

/** The keys that the visitor can choose, since the visitor may see them. */
function keysFor({ principal, facts }: Visit, { keyring, gatekeeper }: ConsoleServices) {
  return keyring.keys.keys
    .map((key) => viewOf(keyring.keys, key))
    .filter((key) => gatekeeper.mayKey(principal, { action: 'kms:DescribeKey', key }, facts))
    .map(({ arn, aliases }) => ({ arn, name: aliases[0] ?? '' }))
}
