/** Bucket settings that an import asks for, by their subresources. */
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
] as const

export type SourceSetting = (typeof sourceSettings)[number]
