/** Users and roles for the tests of STS. */
import { accountId, allow, type Keys, keysOf, otherAccountId, policy, testDocument } from '../iam/start-app.ts'

export const carol = keysOf('KEYOFTHEUSERCAROL001')
export const dave = keysOf('KEYOFTHEUSERDAVE0002')
export const erin = keysOf('KEYOFTHEUSERERIN0003')
const key = ({ accessKeyId, secretAccessKey }: Keys) => ({ id: accessKeyId, secret: secretAccessKey })
const text = (...statements: object[]) => JSON.parse(policy(...statements))
export const trusting = (principal: string, more: object = {}) =>
  text({
    Effect: 'Allow',
    Principal: { AWS: principal },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    ...more,
  })

const [one, two] = testDocument.accounts
export const document = {
  version: 2,
  accounts: [
    {
      ...one,
      users: [
        { name: 'carol', keys: [key(carol)], inline: { all: text(allow(['s3:*', 'sts:*'])) } },
        { name: 'dave', keys: [key(dave)] },
      ],
      roles: [
        {
          name: 'reader',
          trust: trusting(accountId),
          inline: { r: text(allow(['s3:GetObject', 's3:ListAllMyBuckets'])) },
        },
        {
          name: 'writer',
          trust: trusting(`arn:aws:iam::${accountId}:user/dave`),
          inline: { w: text(allow('s3:*')) },
          tags: { dept: 'role' },
        },
        {
          name: 'chained',
          trust: trusting(accountId),
          inline: { c: text(allow('sts:AssumeRole'), allow('s3:ListAllMyBuckets')) },
          maxSessionSeconds: 43_200,
        },
        {
          name: 'external',
          trust: trusting(otherAccountId, { Condition: { StringEquals: { 'sts:ExternalId': 'the-id' } } }),
        },
        {
          name: 'tagged',
          trust: trusting(accountId, { Condition: { StringEquals: { 'aws:RequestTag/team': 'a' } } }),
          inline: {
            t: text({ ...allow('s3:ListAllMyBuckets'), Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } } }),
          },
        },
      ],
    },
    { ...two, users: [{ name: 'erin', keys: [key(erin)], inline: { all: text(allow('sts:AssumeRole')) } }] },
  ],
}
