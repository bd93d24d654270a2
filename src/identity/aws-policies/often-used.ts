/** The most used managed policies of AWS, by ARN, with AWS's ids and documents. aws-policies.ts has all of them. */
import type { ManagedPolicy } from '#identity/entities/managed-policy.ts'

type Statement = Readonly<Record<string, unknown>>
const allow = (actions: string | string[]): Statement => ({ Effect: 'Allow', Action: actions, Resource: '*' })

// Name, id, description, created, statements.
const table: readonly (readonly [string, string, string, string, readonly Statement[]])[] = [
  [
    'AdministratorAccess',
    'ANPAIWMBCKSKIEE64ZLYK',
    'Provides full access to AWS services and resources.',
    '2015-02-06T18:39:46.000Z',
    [allow('*')],
  ],
  [
    'AmazonS3FullAccess',
    'ANPAIFIR6V6BVTRAHWINE',
    'Provides full access to all buckets via the AWS Management Console.',
    '2015-02-06T18:40:58.000Z',
    [allow(['s3:*', 's3-object-lambda:*'])],
  ],
  [
    'AmazonS3ReadOnlyAccess',
    'ANPAIZTJ4DXE7G6AGAE6M',
    'Provides read only access to all buckets via the AWS Management Console.',
    '2015-02-06T18:40:59.000Z',
    [allow(['s3:Get*', 's3:List*', 's3:Describe*', 's3-object-lambda:Get*', 's3-object-lambda:List*'])],
  ],
  [
    'IAMFullAccess',
    'ANPAI7XKCFMBPM3QQRRVQ',
    'Provides full access to IAM via the AWS Management Console.',
    '2015-02-06T18:40:38.000Z',
    [
      allow([
        'iam:*',
        'organizations:DescribeAccount',
        'organizations:DescribeOrganization',
        'organizations:DescribeOrganizationalUnit',
        'organizations:DescribePolicy',
        'organizations:ListChildren',
        'organizations:ListParents',
        'organizations:ListPoliciesForTarget',
        'organizations:ListRoots',
        'organizations:ListPolicies',
        'organizations:ListTargetsForPolicy',
      ]),
    ],
  ],
  [
    'IAMReadOnlyAccess',
    'ANPAJKSO7NDY4T57MWDSQ',
    'Provides read only access to IAM via the AWS Management Console.',
    '2015-02-06T18:40:39.000Z',
    [
      allow([
        'iam:GenerateCredentialReport',
        'iam:GenerateServiceLastAccessedDetails',
        'iam:Get*',
        'iam:List*',
        'iam:SimulateCustomPolicy',
        'iam:SimulatePrincipalPolicy',
      ]),
    ],
  ],
  [
    'PowerUserAccess',
    'ANPAJYRXTHIB4FOVS3ZXS',
    'Provides full access to AWS services and resources, but does not allow management of Users and groups.',
    '2015-02-06T18:39:47.000Z',
    [
      { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
      allow([
        'account:GetAccountInformation',
        'account:GetGovCloudAccountInformation',
        'account:GetPrimaryEmail',
        'account:ListRegions',
        'iam:CreateServiceLinkedRole',
        'iam:DeleteServiceLinkedRole',
        'iam:ListRoles',
        'organizations:DescribeEffectivePolicy',
        'organizations:DescribeOrganization',
      ]),
    ],
  ],
]

export const awsPolicyArn = (name: string): string => `arn:aws:iam::aws:policy/${name}`

export const awsManagedPolicies: ReadonlyMap<string, ManagedPolicy> = new Map(
  table.map(([name, id, description, createdAt, statements]): [string, ManagedPolicy] => [
    awsPolicyArn(name),
    {
      name,
      path: '/',
      id,
      createdAt,
      tags: {},
      description,
      versions: [{ id: 'v1', createdAt, document: { Version: '2012-10-17', Statement: statements } }],
      defaultVersion: 'v1',
    },
  ]),
)
