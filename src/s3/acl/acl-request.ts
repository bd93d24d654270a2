/**
 * Access in a request: a canned ACL, grants in headers, or an AccessControlPolicy document.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
import type { IncomingHttpHeaders } from 'node:http'
import { elementAt, elementsAt, parseXml, textAt, type XmlElements } from '#lib/text/xml.ts'
import {
  type Acl,
  assertAclSize,
  type CannedAcl,
  cannedAcls,
  type Grant,
  type Grantee,
  permissions,
} from '#model/access/acl.ts'
import { type AclChange, type RequestedAcl, resolveAcl } from '#model/access/requested-acl.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Accounts, S3Request } from '#s3/operation.ts'
import { granteeByEmail, granteeById, granteeByUri } from './grantees.ts'

/** Canned ACLs that only objects, or only buckets, can have. A bucket ignores ACLs about its own owner, as in S3. */
const cannedOnlyFor: Partial<Record<CannedAcl, 'bucket' | 'object'>> = { 'log-delivery-write': 'bucket' }

const grantHeaders = permissions.map((permission) => ({
  name: `x-amz-grant-${permission.toLowerCase().replace('_', '-')}`,
  permission,
}))

/** Undefined if no header is about access. InvalidArgument, InvalidRequest, UnresolvableGrantByEmailAddress. */
export function requestedAcl(
  headers: IncomingHttpHeaders,
  of: 'bucket' | 'object',
  accounts: Accounts,
): RequestedAcl | undefined {
  const canned = headers['x-amz-acl']
  const hasGrants = grantHeaders.some(({ name }) => headers[name] !== undefined)
  if (canned === undefined) return hasGrants ? { acl: grantsOf(headers, accounts) } : undefined
  if (hasGrants) {
    throw new ApiError('InvalidRequest', { message: 'Specifying both Canned ACLs and Header Grants is not allowed' })
  }
  const name = cannedAcls.find((one) => one === canned)
  if (name === undefined || (cannedOnlyFor[name] ?? of) !== of) {
    throw new ApiError('InvalidArgument', {
      fields: { ArgumentName: 'x-amz-acl', ArgumentValue: String(canned) },
    })
  }
  return { canned: name }
}

function grantsOf(headers: IncomingHttpHeaders, accounts: Accounts): Acl {
  const acl = grantHeaders.flatMap(({ name, permission }): Grant[] => {
    const value = headers[name]
    return value === undefined
      ? []
      : parseGrantees(String(value), name, accounts).map((grantee) => ({ grantee, permission }))
  })
  assertAclSize(acl)
  return acl
}

/** `id="...", uri="...", emailAddress="..."`; quotes may be left out. */
function parseGrantees(value: string, header: string, accounts: Accounts): Grantee[] {
  return value.split(',').map((item) => {
    const [, kind, quoted, bare] = /^\s*(\w+)\s*=\s*(?:"([^"]*)"|([^"\s]+))\s*$/.exec(item) ?? []
    const text = quoted ?? bare ?? ''
    switch (kind?.toLowerCase()) {
      case 'id':
        return granteeById(text, accounts, 'id')
      case 'uri':
        return granteeByUri(text, 'uri')
      case 'emailaddress':
        return granteeByEmail(text, accounts)
      default:
        throw new ApiError('InvalidArgument', {
          message: 'Argument format not recognized',
          fields: { ArgumentName: header, ArgumentValue: value },
        })
    }
  })
}

/**
 * Parses an AccessControlPolicy. MalformedACLError, InvalidArgument, UnresolvableGrantByEmailAddress; AccessDenied for
 * another owner.
 */
export function parseAclDocument(document: Buffer, ownerId: string, accounts: Accounts): Acl {
  try {
    const { root, content } = parseXml(document, { maxDepth: limits.xmlDepth, arrays: ['Grant'] })
    if (root !== 'AccessControlPolicy') throw new Error('The root element must be AccessControlPolicy')
    const owner = elementAt(content, 'Owner')
    const statedId = owner === undefined ? undefined : textAt(owner, 'ID')
    const list = elementAt(content, 'AccessControlList')
    if (statedId === undefined || list === undefined) throw new Error('Owner and AccessControlList are needed')
    const acl = elementsAt(list, 'Grant').map((grant) => parseGrant(grant, accounts))
    assertAclSize(acl)
    // Ownership cannot be changed.
    if (statedId !== ownerId) throw new ApiError('AccessDenied')
    return acl
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError('MalformedACLError', { cause: error })
  }
}

function parseGrant(grant: XmlElements, accounts: Accounts): Grant {
  const grantee = elementAt(grant, 'Grantee')
  const stated = textAt(grant, 'Permission')
  const permission = permissions.find((one) => one === stated)
  if (grantee === undefined || permission === undefined) throw new Error('A Grant needs a Grantee and a Permission')
  return { grantee: parseGrantee(grantee, accounts), permission }
}

function parseGrantee(element: XmlElements, accounts: Accounts): Grantee {
  const typeName = Object.keys(element).find((name) => /^\$(?:[^:]+:)?type$/.test(name))
  switch (typeName === undefined ? undefined : textAt(element, typeName)) {
    case 'CanonicalUser':
      return granteeById(required(element, 'ID'), accounts, 'CanonicalUser/ID')
    case 'Group':
      return granteeByUri(required(element, 'URI'), 'Group/URI')
    case 'AmazonCustomerByEmail':
      return granteeByEmail(required(element, 'EmailAddress'), accounts)
    default:
      throw new Error('Unknown type of grantee')
  }
}

function required(element: XmlElements, name: string): string {
  const text = textAt(element, name)
  if (text === undefined) throw new Error(`A ${name} is needed`)
  return text
}

/**
 * The ACL of a PutBucketAcl or PutObjectAcl, in its headers or its document; read once. MissingSecurityHeader for
 * neither, UnexpectedContent for both.
 */
export async function readAcl(
  { headers, body }: Pick<S3Request, 'headers' | 'body'>,
  of: 'bucket' | 'object',
  accounts: Accounts,
): Promise<AclChange> {
  const requested = requestedAcl(headers, of, accounts)
  const document = await body.document()
  if (requested === undefined) {
    if (document.length === 0)
      throw new ApiError('MissingSecurityHeader', { fields: { MissingHeaderName: 'x-amz-acl' } })
    return { canned: undefined, aclFor: ({ ownerId }) => parseAclDocument(document, ownerId, accounts) }
  }
  if (document.length > 0) throw new ApiError('UnexpectedContent')
  return {
    canned: 'canned' in requested ? requested.canned : undefined,
    aclFor: (owners) => resolveAcl(requested, owners),
  }
}
