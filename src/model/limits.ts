/** Every limit of S3 and of this server that is not configurable. Sizes in bytes. */
const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

export const limits = {
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
  bucketNameLength: 63,
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
  keyBytes: 1024,
  /** User metadata: names and values together. */
  userMetadataBytes: 2 * KiB,
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
  partSizeMin: 5 * MiB,
  partSizeMax: 5 * GiB,
  partNumberMax: 10_000,
  objectSizeMax: 50 * 1024 * GiB,
  listPageMax: 1000,
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/annotations-overview.html */
  annotationNameBytes: 512,
  annotationBytes: MiB,
  annotationsMax: 1000,
  deleteObjectsMax: 1000,
  bucketsPageMax: 10_000,
  policyBytes: 20 * KiB,
  /** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; white space does not count. */
  managedPolicyCharacters: 6144,
  /** The body of a request to IAM, STS or KMS. */
  serviceBodyBytes: 512 * KiB,
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee */
  aclGrantsMax: 100,
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html */
  corsRulesMax: 100,
  corsBytes: 64 * KiB,
  websiteBytes: 128 * KiB,
  routingRulesMax: 50,
  /** x-amz-website-redirect-location */
  redirectLocationBytes: 2 * KiB,
  /** IDs of rules of a bucket setting. */
  ruleIdLength: 255,
  /**
   * For each account. The document of keys is written as a whole:
   * https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
   */
  keysOfAccountMax: 10_000,
  aliasesOfKeyMax: 50,
  tagsOfKeyMax: 50,
  rotationsOnDemandMax: 25,
  /** Any XML or JSON document in a request body. CompleteMultipartUpload with 10,000 parts needs about 2 MiB. */
  documentBytes: 4 * MiB,
  /** The document of a bucket setting. */
  settingBytes: 2 * MiB,
  xmlDepth: 20,
  /** Tags and attributes of a document: 1,000 objects to delete need 12,000. */
  xmlMarkup: 20_000,
  /** Tags and attributes of CompleteMultipartUpload: 10,000 parts with number, ETag and every checksum. */
  xmlMarkupOfParts: 300_000,
  /** Form fields before the file of a POST upload. */
  postFieldsBytes: 20 * KiB,
  /** The file of a POST upload whose part has no file name. The parser reads it into memory like a field. */
  postNamelessFileBytes: MiB,
  presignSecondsMax: 604_800,
  clockSkewMs: 15 * 60 * 1000,
  /** Bodies up to this size are kept in the index's commit until their file is durable. */
  inlineBytes: 64 * KiB,
} as const
