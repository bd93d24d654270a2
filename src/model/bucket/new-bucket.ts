import { defaultControls, type ObjectOwnership } from '#model/access/object-ownership.ts'
import { defaultBlock } from '#model/access/public-access-block.ts'
import type { Bucket } from './bucket.ts'
import { type BlockedEncryptionType, defaultBlockedEncryption } from './bucket-encryption.ts'

/** The settings of a new bucket, if the request names none. */
export interface BucketDefaults {
  readonly defaultObjectOwnership: ObjectOwnership
  /** Whether new buckets have Block Public Access. */
  readonly defaultPublicAccessBlock: boolean
  /** Methods of encryption that new buckets refuse. */
  readonly defaultBlockedEncryption: readonly BlockedEncryptionType[]
}

/** The same for a folder made by hand. Its ACLs are disabled. */
export type AdoptionDefaults = Omit<BucketDefaults, 'defaultObjectOwnership'>

export const openDefaults: AdoptionDefaults = { defaultPublicAccessBlock: false, defaultBlockedEncryption: [] }

type Named = Pick<Bucket, 'name' | 'ownerId' | 'region' | 'createdAtMs'> & Partial<Bucket>

/** The record of a new bucket. `named` overrides the defaults. */
export function newBucket(named: Named, defaults: BucketDefaults): Bucket {
  return {
    versioning: 'Unversioned',
    mfaDelete: false,
    objectLockEnabled: false,
    ...defaultControls(defaults.defaultObjectOwnership),
    ...defaultBlock(defaults.defaultPublicAccessBlock),
    ...defaultBlockedEncryption(defaults.defaultBlockedEncryption),
    ...named,
  }
}
