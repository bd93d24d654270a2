/**
 * Actions that do not exist in the services of this server. They allow and deny nothing. AWS accepts them in identity
 * policies, so this server does too. The warning names the action that is probably meant.
 */
import { rememberUpTo } from '#lib/remember.ts'
import { actions } from '#policy/actions.ts'
import type { PolicyDocument } from '#policy/document/document.ts'
import { compileActionPattern } from '#policy/evaluate/pattern.ts'

const served = /^(s3|iam|sts):/i
const names = [...actions.keys()]

/** Operations that have an action with another name. */
const meant: Readonly<Record<string, string>> = {
  's3:headobject': 's3:GetObject',
  's3:headbucket': 's3:ListBucket',
  's3:listobjects': 's3:ListBucket',
  's3:listobjectsv2': 's3:ListBucket',
  's3:listobjectversions': 's3:ListBucketVersions',
  's3:listbuckets': 's3:ListAllMyBuckets',
  's3:listmultipartuploads': 's3:ListBucketMultipartUploads',
  's3:listparts': 's3:ListMultipartUploadParts',
  's3:deleteobjects': 's3:DeleteObject',
  's3:copyobject': 's3:GetObject and s3:PutObject',
  's3:uploadpart': 's3:PutObject',
  's3:uploadpartcopy': 's3:GetObject and s3:PutObject',
  's3:createmultipartupload': 's3:PutObject',
  's3:completemultipartupload': 's3:PutObject',
  's3:getbucketencryption': 's3:GetEncryptionConfiguration',
  's3:putbucketencryption': 's3:PutEncryptionConfiguration',
  's3:deletebucketencryption': 's3:PutEncryptionConfiguration',
  's3:getbucketlifecycle': 's3:GetLifecycleConfiguration',
  's3:getbucketlifecycleconfiguration': 's3:GetLifecycleConfiguration',
  's3:putbucketlifecycle': 's3:PutLifecycleConfiguration',
  's3:putbucketlifecycleconfiguration': 's3:PutLifecycleConfiguration',
  's3:deletebucketlifecycle': 's3:PutLifecycleConfiguration',
  's3:getbucketreplication': 's3:GetReplicationConfiguration',
  's3:putbucketreplication': 's3:PutReplicationConfiguration',
  's3:deletebucketcors': 's3:PutBucketCORS',
  's3:deletebuckettagging': 's3:PutBucketTagging',
  's3:getpublicaccessblock': 's3:GetBucketPublicAccessBlock',
  's3:putpublicaccessblock': 's3:PutBucketPublicAccessBlock',
  's3:getobjectlockconfiguration': 's3:GetBucketObjectLockConfiguration',
  's3:putobjectlockconfiguration': 's3:PutBucketObjectLockConfiguration',
  's3:getbucketaccelerateconfiguration': 's3:GetAccelerateConfiguration',
  's3:putbucketaccelerateconfiguration': 's3:PutAccelerateConfiguration',
}

export interface UnknownAction {
  /** The statement's index, from 0. */
  readonly statement: number
  readonly element: 'Action' | 'NotAction'
  readonly action: string
}

export function unknownActionsIn({ statements }: PolicyDocument): UnknownAction[] {
  return statements.flatMap(({ action: { values, isNegated } }, statement) =>
    values
      .filter((value) => served.test(value) && !isKnown(value))
      .map((action) => ({ statement, element: isNegated ? 'NotAction' : 'Action', action })),
  )
}

/** One sentence for the log. */
export function warningAbout(action: string): string {
  const right = meant[action.toLowerCase()]
  const because = `There is no action ${action}: it allows and denies nothing.`
  return right === undefined ? because : `${because} That operation takes ${right}.`
}

const known = new Map<string, boolean>()
const knownMax = 10_000

function isKnown(value: string): boolean {
  const action = value.toLowerCase()
  if (actions.has(action)) return true
  const remembered = known.get(action)
  if (remembered !== undefined) return remembered
  const matches = compileActionPattern(action)
  const found = names.some((name) => matches(name))
  rememberUpTo(known, knownMax, action, found)
  return found
}
