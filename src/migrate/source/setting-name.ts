/** Bucket settings that an import reads, by their subresources. */
export const sourceSettings = [
  'accelerate',
  'acl',
  'cors',
  'encryption',
  'lifecycle',
  'logging',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'tagging',
  'versioning',
  'website',
  // After the tags: they cannot be put while ABAC is enabled.
  'abac',
] as const

export type SourceSetting = (typeof sourceSettings)[number]
