/** Finds the grantee that a header or document names, and formats grantees. */
import { type Acl, type Grant, type Grantee, groupOfUri, groupUris } from '#model/access/acl.ts'
import { ApiError } from '#model/errors.ts'
import type { Accounts, XmlContent } from '#s3/operation.ts'

function refused(message: string, name: string, value: string): ApiError {
  return new ApiError('InvalidArgument', { message, fields: { ArgumentName: name, ArgumentValue: value } })
}

/** InvalidArgument if there is no such account. `argument`: ArgumentName of the error. */
export function granteeById(id: string, accounts: Accounts, argument: string): Grantee {
  if (accounts.findOwner(id) === undefined) throw refused('Invalid id', argument, id)
  return { id }
}

export function granteeByUri(uri: string, argument: string): Grantee {
  const group = groupOfUri(uri)
  if (group === undefined) throw refused('Invalid group uri', argument, uri)
  return { group }
}

/** UnresolvableGrantByEmailAddress. The account is kept by its id, as in S3. */
export function granteeByEmail(email: string, accounts: Accounts): Grantee {
  const owner = accounts.findOwnerByEmail(email)
  if (owner === undefined) throw new ApiError('UnresolvableGrantByEmailAddress', { fields: { EmailAddress: email } })
  return { id: owner.canonicalId }
}

const xsi = 'http://www.w3.org/2001/XMLSchema-instance'

/** The document of GetBucketAcl and GetObjectAcl. The owner's grants come first, as in S3. */
export function aclDocument(ownerId: string, acl: Acl, accounts: Accounts): { root: string; content: XmlContent } {
  const isOwners = ({ grantee }: Grant) => 'id' in grantee && grantee.id === ownerId
  const inOrder = [...acl.filter(isOwners), ...acl.filter((grant) => !isOwners(grant))]
  const grants = inOrder.map(({ grantee, permission }) => ({
    Grantee: showGrantee(grantee, accounts),
    Permission: permission,
  }))
  return {
    root: 'AccessControlPolicy',
    content: { Owner: showOwner(ownerId, accounts), AccessControlList: { Grant: grants } },
  }
}

/** `Owner`, or an initiator. Removed accounts have no name. */
export function showOwner(id: string, accounts: Accounts): XmlContent {
  return { ID: id, DisplayName: accounts.findOwner(id)?.displayName }
}

function showGrantee(grantee: Grantee, accounts: Accounts): XmlContent {
  if ('group' in grantee) return { '$xmlns:xsi': xsi, '$xsi:type': 'Group', URI: groupUris[grantee.group] }
  return { '$xmlns:xsi': xsi, '$xsi:type': 'CanonicalUser', ...showOwner(grantee.id, accounts) }
}
