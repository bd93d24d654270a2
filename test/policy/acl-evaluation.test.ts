import { describe, expect, it } from 'vitest'
import { type Acl, type Permission, permissions } from '#model/access/acl.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { aclAllows, dependsOnObject } from '#policy/evaluate/acl-evaluation.ts'

const principal = (canonicalId: string): Principal => ({
  canonicalId,
  displayName: canonicalId,
  accessKeyId: canonicalId,
  isAnonymous: false,
})
const [owner, other] = [principal('owner'), principal('other')]
const open = { ownerId: 'owner', ownershipControls: 'ObjectWriter' } as const
const to = (id: string, permission: Permission): Acl => [{ grantee: { id }, permission }]
const toAll = (permission: Permission): Acl => [{ grantee: { group: 'AllUsers' }, permission }]

describe('what ACLs allow', () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
  const table: Record<Permission, { bucket: string[]; object: string[] }> = {
    READ: {
      bucket: ['ListBucket', 'ListBucketVersions', 'ListBucketMultipartUploads'],
      object: ['GetObject', 'GetObjectVersion', 'GetObjectTorrent'],
    },
    WRITE: { bucket: ['PutObject'], object: [] },
    READ_ACP: { bucket: ['GetBucketAcl'], object: ['GetObjectAcl', 'GetObjectVersionAcl'] },
    WRITE_ACP: { bucket: ['PutBucketAcl'], object: ['PutObjectAcl', 'PutObjectVersionAcl'] },
    FULL_CONTROL: { bucket: [], object: [] },
  }
  const all = (of: 'bucket' | 'object') => Object.values(table).flatMap((row) => row[of])
  const actions = [
    ...all('bucket'),
    ...all('object'),
    'DeleteObject',
    'DeleteObjectVersion',
    'PutBucketPolicy',
    'GetObjectTagging',
  ]

  it('is AWS’s table of permissions and actions, on buckets and on objects', () => {
    for (const permission of permissions) {
      const acl = to('other', permission)
      const allowed = (on: Parameters<typeof aclAllows>[2]) =>
        actions.filter((action) => aclAllows(other, `s3:${action}`, on))
      const isAll = permission === 'FULL_CONTROL'
      const object = { ownerId: 'owner' }
      expect(allowed({ bucket: { ...open, acl }, object })).toEqual(isAll ? all('bucket') : table[permission].bucket)
      expect(allowed({ bucket: open, object: { ...object, acl } })).toEqual(
        isAll ? all('object') : table[permission].object,
      )
    }
  })

  it('is nothing while ACLs are disabled, to the owner itself, or by groups nobody is in', () => {
    const acl = toAll('FULL_CONTROL')
    for (const ownershipControls of [undefined, 'BucketOwnerEnforced'] as const) {
      const bucket = { ownerId: 'owner', acl, ...(ownershipControls && { ownershipControls }) }
      expect(aclAllows(other, 's3:ListBucket', { bucket })).toBe(false)
      expect(dependsOnObject('s3:GetObject', bucket, other)).toBe(false)
    }
    expect(aclAllows(owner, 's3:ListBucket', { bucket: { ...open, acl: to('owner', 'FULL_CONTROL') } })).toBe(false)
    const logs: Acl = [{ grantee: { group: 'LogDelivery' }, permission: 'FULL_CONTROL' }]
    expect(aclAllows(other, 's3:ListBucket', { bucket: { ...open, acl: logs } })).toBe(false)
    const signed: Acl = [{ grantee: { group: 'AuthenticatedUsers' }, permission: 'READ' }]
    expect(aclAllows(other, 's3:ListBucket', { bucket: { ...open, acl: signed } })).toBe(true)
    expect(aclAllows(anonymous, 's3:ListBucket', { bucket: { ...open, acl: signed } })).toBe(false)
  })

  it('leaves out public grants where these are ignored, and keeps those to accounts', () => {
    const publicAccessBlock = {
      blockPublicAcls: false,
      ignorePublicAcls: true,
      blockPublicPolicy: false,
      restrictPublicBuckets: false,
    }
    const bucket = { ...open, publicAccessBlock }
    expect(aclAllows(other, 's3:ListBucket', { bucket: { ...bucket, acl: toAll('READ') } })).toBe(false)
    expect(aclAllows(other, 's3:ListBucket', { bucket: { ...bucket, acl: to('other', 'READ') } })).toBe(true)
  })

  it('lets writers delete what is theirs', () => {
    const bucket = { ...open, acl: toAll('WRITE') }
    expect(aclAllows(other, 's3:DeleteObject', { bucket, object: { ownerId: 'other' } })).toBe(true)
    expect(aclAllows(other, 's3:DeleteObject', { bucket, object: { ownerId: 'third' } })).toBe(false)
    expect(aclAllows(other, 's3:DeleteObject', { bucket })).toBe(false)
    expect(dependsOnObject('s3:DeleteObject', bucket, other)).toBe(true)
    expect(dependsOnObject('s3:DeleteObject', bucket, owner)).toBe(false)
  })
})
