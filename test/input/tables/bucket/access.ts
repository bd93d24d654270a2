/** Access control lists, object ownership, blocks of public access and CORS rules. */
import { hash } from 'node:crypto'
import { type BadCase, type Given, table } from '../../case.ts'
import { absent } from './policies-and-deletes.ts'

const grantee = '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">'
const everyone = `${grantee}<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>`
const list = (grants: string, owner = '<Owner><ID>nobody</ID></Owner>'): Given => ({
  body: `<AccessControlPolicy>${owner}<AccessControlList>${grants}</AccessControlList></AccessControlPolicy>`,
})
const ownership = (rules: string): Given => ({ body: `<OwnershipControls>${rules}</OwnershipControls>` })
const block = (settings: string): Given => ({
  body: `<PublicAccessBlockConfiguration>${settings}</PublicAccessBlockConfiguration>`,
})

const cors = (rules: string): Given => {
  const body = `<CORSConfiguration>${rules}</CORSConfiguration>`
  return { body, headers: { 'content-md5': hash('md5', body, 'base64') } }
}

const canned = (name: string): Given => ({ headers: { 'x-amz-acl': name }, body: '' })

export const access: readonly BadCase[] = [
  ...table('GetBucketAcl', 'GET /bucket?acl', {}, absent('GET', 'acl').slice(0, 4)),
  ...table('PutBucketAcl', 'PUT /bucket?acl', list(''), [
    ...absent('PUT', 'acl').slice(0, 4),
    ['that is no XML', { body: '{' }, '400 MalformedACLError'],
    ['of another document', { body: '<Tagging/>' }, '400 MalformedACLError'],
    ['of a canned name there is none of', canned('everyone'), '400 InvalidArgument'],
    ['where lists are disabled', canned('public-read'), '400 AccessControlListNotSupported'],
    ['canned and as a document', { headers: { 'x-amz-acl': 'private' } }, '400 UnexpectedContent'],
    ['of another owner', list(`<Grant>${everyone}<Permission>READ</Permission></Grant>`), '403 AccessDenied'],
    ['with a wrong Content-MD5', { headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } }, '400 BadDigest'],
  ]),
  ...table('GetObjectAcl', 'GET /bucket/object?acl', {}, [
    ['of an object that is not there', 'GET /bucket/absent?acl', '404 NoSuchKey'],
    ['of a version that cannot be', '&versionId=1', '400 InvalidArgument'],
    ['of another account', 'GET /theirs/object?acl', '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ]),
  ...table('PutObjectAcl', 'PUT /bucket/object?acl', list(''), [
    ['where lists are disabled', {}, '400 AccessControlListNotSupported'],
    ['canned where lists are disabled', canned('public-read'), '400 AccessControlListNotSupported'],
    ['of another account', 'PUT /theirs/object?acl', '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
  ]),
  ...table('GetBucketOwnershipControls', 'GET /bucket?ownershipControls', {}, absent('GET', 'ownershipControls')),
  ...table('PutBucketOwnershipControls', 'PUT /bucket?ownershipControls', ownership(''), [
    ...absent('PUT', 'ownershipControls'),
    ['of no rule', {}, '400 MalformedXML'],
    ['that is no XML', { body: '{' }, '400 MalformedXML'],
    [
      'of a rule there is none of',
      ownership('<Rule><ObjectOwnership>Mine</ObjectOwnership></Rule>'),
      '400 MalformedXML',
    ],
  ]),
  ...table(
    'DeleteBucketOwnershipControls',
    'DELETE /bucket?ownershipControls',
    {},
    absent('DELETE', 'ownershipControls'),
  ),
  ...table('GetPublicAccessBlock', 'GET /bucket?publicAccessBlock', {}, [
    ...absent('GET', 'publicAccessBlock'),
    ['that is not there', {}, '404 NoSuchPublicAccessBlockConfiguration'],
  ]),
  ...table('PutPublicAccessBlock', 'PUT /bucket?publicAccessBlock', block(''), [
    ...absent('PUT', 'publicAccessBlock'),
    ['that is no XML', { body: '{' }, '400 MalformedXML'],
    ['that is neither on nor off', block('<BlockPublicAcls>maybe</BlockPublicAcls>'), '400 MalformedXML'],
  ]),
  ...table('DeletePublicAccessBlock', 'DELETE /bucket?publicAccessBlock', {}, absent('DELETE', 'publicAccessBlock')),
  ...table('PutBucketCors', 'PUT /bucket?cors', cors('<CORSRule/>'), [
    ...absent('PUT', 'cors'),
    ['of an empty rule', {}, '400 MalformedXML'],
    ['of no rule', cors(''), '400 MalformedXML'],
    ['with another checksum', { body: '<CORSConfiguration/>' }, '400 BadDigest'],
    [
      'of a method that pages cannot use',
      cors('<CORSRule><AllowedMethod>OPTIONS</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>'),
      '400 InvalidRequest',
    ],
  ]),
]
