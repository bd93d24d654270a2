/**
 * Every error a client can see: code, HTTP status, and AWS's message. Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and observed answers. The message is part of the
 * interface, since clients and suites compare it. Our own explanations go into `fields` beside it.
 */
const table = {
  // Authentication and authorization
  AccessDenied: [403, 'Access Denied'],
  AccessForbidden: [403, 'CORSResponse: This CORS request is not allowed.'],
  AuthorizationHeaderMalformed: [400, 'The authorization header that you provided is not valid.'],
  AuthorizationQueryParametersError: [400, 'Query-string authentication parameters are not valid.'],
  CredentialsNotSupported: [400, 'This request does not support credentials.'],
  ExpiredToken: [400, 'The provided token has expired.'],
  InvalidAccessKeyId: [403, 'The AWS Access Key Id you provided does not exist in our records.'],
  InvalidSecurity: [403, 'The provided security credentials are not valid.'],
  InvalidToken: [400, 'The provided token is malformed or otherwise invalid.'],
  MissingSecurityHeader: [400, 'Your request was missing a required header.'],
  RequestTimeTooSkewed: [403, 'The difference between the request time and the current time is too large.'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  XAmzContentSHA256Mismatch: [400, "The provided 'x-amz-content-sha256' header does not match what was computed."],

  // IAM and STS: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
  DeleteConflict: [409, 'Cannot delete entity.'],
  EntityAlreadyExists: [409, 'The entity already exists.'],
  ExpiredTokenException: [400, 'The web identity token that was passed is expired.'],
  IDPCommunicationError: [400, 'The identity provider could not be reached.'],
  IDPRejectedClaim: [403, 'The identity provider reported that authentication failed.'],
  IncompleteSignature: [400, 'The request signature does not conform to AWS standards.'],
  InvalidAction: [400, 'Could not find operation.'],
  InvalidAuthorizationMessageException: [400, 'The message is not one of ours, or has been changed.'],
  InvalidClientTokenId: [403, 'The security token included in the request is invalid.'],
  InvalidIdentityToken: [400, 'The web identity token that was passed could not be validated.'],
  InvalidInput: [400, 'The request was rejected because an input is invalid.'],
  LimitExceeded: [409, 'Cannot exceed quota.'],
  MissingAction: [400, 'The request is missing an action or a required parameter.'],
  MissingAuthenticationToken: [403, 'Request is missing Authentication Token'],
  NoSuchEntity: [404, 'The entity cannot be found.'],
  PackedPolicyTooLarge: [400, 'Packed policies and tags are too large.'],
  PasswordPolicyViolation: [400, 'Password does not conform to the account password policy.'],
  PolicyNotAttachable: [400, 'The policy cannot be attached.'],
  Throttling: [429, 'Rate exceeded'],
  UnmodifiableEntity: [400, 'The entity cannot be modified.'],
  ValidationError: [400, 'The request does not satisfy the constraints of its parameters.'],

  // The request
  BadDigest: [400, 'The Content-MD5 you specified did not match what we received.'],
  BadRequest: [400, 'An error occurred when parsing the HTTP request.'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed size'],
  EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed size'],
  IncompleteBody: [400, 'The request body terminated unexpectedly'],
  InvalidArgument: [400, 'Invalid Argument'],
  InvalidChunkSizeError: [403, 'Only the last chunk is allowed to have a size less than 8192 bytes'],
  InvalidEncryptionAlgorithmError: [400, 'The Encryption request you specified is not valid. Supported value: AES256.'],
  InvalidDigest: [400, 'The Content-MD5 you specified was invalid.'],
  InvalidRange: [416, 'The requested range is not satisfiable'],
  InvalidRedirectLocation: [400, "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."],
  InvalidRequest: [400, 'Invalid Request'],
  InvalidTag: [400, 'The tag provided was not a valid tag.'],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  KeyTooLongError: [400, 'Your key is too long'],
  MalformedACLError: [400, 'The XML you provided was not well-formed or did not validate against our published schema'],
  MalformedPOSTRequest: [400, 'The body of your POST request is not well-formed multipart/form-data.'],
  MalformedPolicy: [400, "Policies must be valid JSON and the first byte must be '{'"],
  MalformedPolicyDocument: [400, 'Syntax errors in policy.'],
  MalformedTrailerError: [
    400,
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  ],
  MalformedXML: [400, 'The XML you provided was not well-formed or did not validate against our published schema'],
  MaxMessageLengthExceeded: [400, 'Your request was too big.'],
  MaxPostPreDataLengthExceededError: [400, 'Your POST request fields preceding the upload file were too large.'],
  MetadataTooLarge: [400, 'Your metadata headers exceed the maximum allowed metadata size'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  MissingRequestBodyError: [400, 'Request Body is empty'],
  NotImplemented: [501, 'A header you provided implies functionality that is not implemented'],
  RequestHeaderSectionTooLarge: [400, 'Your request header section exceeds the maximum allowed size.'],
  RequestTimeout: [
    400,
    'Your socket connection to the server was not read from or written to within the timeout period.',
  ],
  UnexpectedContent: [400, 'This request does not support content.'],
  UserKeyMustBeSpecified: [
    400,
    'The bucket POST must contain the specified field name. If it is specified, check the order of the fields.',
  ],

  // Access control lists
  AccessControlListNotSupported: [400, 'The bucket does not allow ACLs'],
  InvalidBucketAclWithObjectOwnership: [
    400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  ],
  NoSuchPublicAccessBlockConfiguration: [404, 'The public access block configuration was not found'],
  OwnershipControlsNotFoundError: [404, 'The bucket ownership controls were not found'],
  UnresolvableGrantByEmailAddress: [400, 'The e-mail address you provided does not match any account on record.'],

  // Buckets
  BucketAlreadyExists: [
    409,
    'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
  ],
  BucketAlreadyOwnedByYou: [409, 'Your previous request to create the named bucket succeeded and you already own it.'],
  BucketNotEmpty: [409, 'The bucket you tried to delete is not empty'],
  IllegalLocationConstraintException: [
    400,
    'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
  ],
  IllegalVersioningConfigurationException: [400, 'The versioning configuration specified in the request is invalid.'],
  InvalidBucketAclWithBlockPublicAccessError: [
    400,
    'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
  ],
  InvalidBucketOwnerAWSAccountID: [
    400,
    'The value of the expected bucket owner parameter must be an AWS Account ID... []',
  ],
  InvalidBucketNamespace: [400, 'The specified bucket namespace is not valid.'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidBucketState: [409, 'The request is not valid with the current state of the bucket.'],
  InvalidLocationConstraint: [400, 'The specified location-constraint is not valid'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchConfiguration: [404, 'The specified configuration does not exist.'],
  NoSuchCORSConfiguration: [404, 'The CORS configuration does not exist'],
  NoSuchLifecycleConfiguration: [404, 'The lifecycle configuration does not exist'],
  NoSuchObjectLockConfiguration: [404, 'The specified object does not have a ObjectLock configuration'],
  NoSuchWebsiteConfiguration: [404, 'The specified bucket does not have a website configuration'],
  ObjectLockConfigurationNotFoundError: [404, 'Object Lock configuration does not exist for this bucket'],
  ReplicationConfigurationNotFoundError: [404, 'The replication configuration was not found'],
  ServerSideEncryptionConfigurationNotFoundError: [404, 'The server side encryption configuration was not found'],
  MetadataConfigurationNotFound: [404, 'The metadata configuration does not exist'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist'],
  NoSuchResource: [404, "The specified resource doesn't exist."],
  NoSuchTagSet: [404, 'The TagSet does not exist'],
  // Not in AWS: the name is Ceph's.
  NoSuchQuota: [404, 'The bucket has no quota.'],
  QuotaExceeded: [403, 'The quota of the bucket is exceeded.'],
  OperationAborted: [
    409,
    'A conflicting conditional operation is currently in progress against this resource. Please try again.',
  ],
  WebsiteRedirect: [301, 'Request does not contain a bucket name.'],
  TooManyBuckets: [400, 'You have attempted to create more buckets than allowed'],

  EncryptionTypeMismatch: [
    400,
    'The existing object was created with a different encryption type. Subsequent write requests must include the appropriate encryption parameters in the request or while creating the session.',
  ],

  // Annotations
  AnnotationLimitExceeded: [400, 'The object annotation count exceeds the limit (1000).'],
  AnnotationNameTooLong: [400, 'Your annotation name is too long'],
  InvalidAnnotationName: [400, 'The annotation name you provided is invalid.'],
  InvalidPrefix: [400, 'The annotation prefix you provided is invalid.'],
  NoSuchAnnotation: [404, 'The specified annotation does not exist.'],
  UnsupportedMediaType: [415, 'The annotation payload is not valid UTF-8 encoded text.'],
  UserAnnotationNameMustBeSpecified: [400, 'The annotation name must be specified.'],

  // Objects
  ConditionalRequestConflict: [
    409,
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
  ],
  InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
  InvalidPolicyDocument: [
    400,
    'The content of the form does not meet the conditions specified in the policy document.',
  ],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  ],
  InvalidPartNumber: [416, 'The requested partnumber is not satisfiable'],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order. Parts must be ordered by part number.'],
  InvalidWriteOffset: [400, 'The write offset value that you specified does not match the current object size.'],
  TooManyParts: [
    400,
    'You have attempted to add more parts than the maximum of 10000 that are allowed for this object. You can use the CopyObject operation to copy this object to another and then add more data to the newly copied object.',
  ],
  InvalidStorageClass: [400, 'The storage class you specified is not valid'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchUpload: [
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  ],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  NotModified: [304, 'Not Modified'],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold'],

  // Services with the JSON protocol
  AccessDeniedException: [400, 'Access Denied'],
  IncompleteSignatureException: [400, 'The request signature does not conform to AWS standards.'],
  InvalidSignatureException: [400, 'The request signature we calculated does not match the signature you provided.'],
  MissingAuthenticationTokenException: [400, 'Missing Authentication Token'],
  SerializationException: [400, ''],
  ServiceUnavailableException: [503, 'Service is unable to handle request.'],
  ThrottlingException: [400, 'Rate exceeded'],
  UnknownOperationException: [400, ''],
  UnrecognizedClientException: [400, 'The security token included in the request is invalid.'],
  ValidationException: [400, 'The request does not satisfy the constraints of its parameters.'],

  // KMS, as S3 names its errors: https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
  'KMS.AlreadyExistsException': [400, 'The alias already exists.'],
  'KMS.ConflictException': [400, 'A rotation of this key is in progress.'],
  'KMS.DisabledException': [400, 'The key is disabled.'],
  'KMS.DryRunOperationException': [400, 'The request would have succeeded, but the DryRun option is set.'],
  'KMS.IncorrectKeyException': [
    400,
    'The key ID in the request does not identify a CMK that can perform this operation.',
  ],
  'KMS.InvalidAliasNameException': [400, 'The alias name is not valid.'],
  'KMS.InvalidGrantTokenException': [400, 'The grant token is not valid.'],
  'KMS.InvalidKeyUsageException': [400, 'The key cannot be used for this.'],
  'KMS.InvalidCiphertextException': [400, ''],
  'KMS.InvalidMarkerException': [400, 'The marker is not valid.'],
  'KMS.KeyUnavailableException': [
    500,
    'The request was rejected because the specified KMS key was not available. You can retry the request.',
  ],
  'KMS.KMSInternalException': [500, 'An internal error occurred. You can retry the request.'],
  'KMS.KMSInvalidStateException': [400, 'The state of the key does not allow this.'],
  'KMS.LimitExceededException': [400, 'A quota was exceeded.'],
  'KMS.MalformedPolicyDocumentException': [400, 'Syntax errors in policy.'],
  'KMS.NotAuthorizedException': [400, ''],
  'KMS.NotFoundException': [400, 'The key does not exist'],
  'KMS.TagException': [400, 'A tag is not valid.'],
  'KMS.UnsupportedOperationException': [400, 'This operation is not supported.'],

  // The server
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  ServiceUnavailable: [503, 'Service is unable to handle request.'],
  SlowDown: [503, 'Please reduce your request rate.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type ErrorCode = keyof typeof table

export interface ErrorDetails {
  /** Replaces AWS's standard message where AWS itself is more specific. */
  message?: string
  /** Further elements of the <Error> document, in AWS's names and order. */
  fields?: Record<string, string | number>
  /** Response headers that belong to the error (Allow, Retry-After, x-amz-delete-marker...). */
  headers?: Record<string, string>
  cause?: unknown
}

/** The one error that reaches a client. Anything else thrown is a bug and is answered as InternalError. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly fields: Record<string, string | number>
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? table[code][1], details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ApiError'
    this.code = code
    this.status = table[code][0]
    this.fields = details.fields ?? {}
    this.headers = details.headers ?? (code === 'SlowDown' ? soon : {})
  }
}

/** The client should retry after one second. */
const soon = { 'retry-after': '1' }

export function statusOf(code: ErrorCode): number {
  return table[code][0]
}

/** The error to show. Any error but ApiError is a bug, and is shown without detail. */
export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : new ApiError('InternalError')

/** What the administrator is told: the reason, where the message is only what AWS answers with. */
export function reasonIn(error: Error): string {
  if (!(error instanceof ApiError)) return error.message
  const { Reason } = error.fields
  return Reason === undefined ? (error.cause instanceof Error ? error.cause.message : error.message) : String(Reason)
}

/** The error as a refusal: the request was wrong or not allowed. All other errors are thrown again. */
export function refusalOf(error: unknown): ApiError {
  if (error instanceof ApiError && error.status < 500) return error
  throw error
}
