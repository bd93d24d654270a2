import { describe, expect, it } from 'vitest'
import { anonymous } from '#model/account.ts'
import { actions, isS3Key, understandsKey } from '#policy/actions.ts'
import { policyOfCoarseGrants } from '#policy/advice/coarse-actions.ts'
import { compilePolicy } from '#policy/evaluate/compile.ts'
import { operations } from '#s3/operations.ts'
import { isAllowed, user } from './ask.ts'

const policies = (bucket: string, ...granted: string[]) => ({
  identity: [{ name: 'v1', policy: compilePolicy(policyOfCoarseGrants([{ bucket, actions: granted }])) }],
})
const may = (grants: ReturnType<typeof policies>, action: string, resource: string) =>
  isAllowed(grants, { principal: user('x'), action, resource })

describe('the table of actions', () => {
  it('knows the action of every operation of S3, with and without a version', () => {
    const asked = [new Map<string, string>(), new Map([['versionId', 'x']])]
    for (const { name, action } of operations) {
      for (const query of asked) {
        const named = typeof action === 'function' ? action({ query, principal: anonymous }) : action
        if (named !== undefined) expect([name, actions.get(named.toLowerCase())?.name]).toEqual([name, named])
      }
    }
  })

  it('gives every S3 action on buckets and objects a coarse one', () => {
    for (const { name, kind, coarse } of actions.values()) {
      if (kind === 'bucket' || kind === 'object') expect([name, typeof coarse]).toEqual([name, 'string'])
    }
  })

  it('says which condition keys an action understands', () => {
    const list = actions.get('s3:listbucket')
    const get = actions.get('s3:getobject')
    if (list === undefined || get === undefined) throw new Error('missing')
    expect([understandsKey(list, 's3:prefix'), understandsKey(get, 's3:prefix')]).toEqual([true, false])
    expect([understandsKey(get, 's3:existingobjecttag/team'), understandsKey(get, 'aws:sourceip')]).toEqual([
      true,
      true,
    ])
    expect(understandsKey(get, 's3:signatureage')).toBe(true)
    expect([isS3Key('s3:x-amz-acl'), isS3Key('s3:nothing'), isS3Key('iam:policyarn')]).toEqual([true, false, false])
  })
})

describe('coarse actions of iam.json version 1', () => {
  it('allow what they meant, on their bucket alone', () => {
    const read = policies('photos', 'read')
    expect(may(read, 's3:GetObject', 'arn:aws:s3:::photos/a')).toBe(true)
    expect(may(read, 's3:GetObjectTagging', 'arn:aws:s3:::photos/a')).toBe(true)
    expect(may(read, 's3:PutObject', 'arn:aws:s3:::photos/a')).toBe(false)
    expect(may(read, 's3:GetObject', 'arn:aws:s3:::photos2/a')).toBe(false)
    expect(may(read, 's3:ListBucket', 'arn:aws:s3:::photos')).toBe(false)
  })

  it('take actions of AWS as their aliases', () => {
    expect(may(policies('*', 's3:getobject'), 's3:GetObjectVersion', 'arn:aws:s3:::b/k')).toBe(true)
    expect(may(policies('*', 's3:PutBucketPolicy'), 's3:PutBucketVersioning', 'arn:aws:s3:::b')).toBe(true)
  })

  it('know everything, and who may manage identities', () => {
    const all = policies('*', '*')
    for (const { name } of actions.values()) expect([name, may(all, name, '*')]).toEqual([name, true])
    expect(may(policies('photos', '*'), 'iam:CreateUser', '*')).toBe(false)
    expect(may(policies('*', 's3:*'), 'iam:CreateUser', '*')).toBe(false)
    expect(may(policies('*', 'iam:*'), 'iam:CreateUser', '*')).toBe(true)
    expect(may(policies('*', 'iam:rotate_key'), 'iam:CreateAccessKey', '*')).toBe(true)
    expect(may(policies('*', 'iam:rotate_key'), 'iam:CreateUser', '*')).toBe(false)
    expect(may(policies('*', 'nonsense', 'constructor', '__proto__'), 's3:GetObject', 'arn:aws:s3:::b/k')).toBe(false)
  })
})
