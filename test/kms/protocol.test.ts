/** The JSON protocol for clients that are not AWS's. */
import * as aws from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failure } from '../iam/client.ts'
import { keysOf, rootKeys, startApp, type TestApp } from '../iam/start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** A signed request for an operation, with a body that no command would send. */
function raw(operation: string, body: string, headers: Record<string, string> = {}) {
  const command = new aws.ListKeysCommand({})
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string; headers: Record<string, string> }
      request.body = body
      Object.assign(request.headers, { 'x-amz-target': `TrentService.${operation}`, ...headers })
      request.headers['content-length'] = String(Buffer.byteLength(body))
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  return app.kms().send(command)
}

/** The message of AWS's client for an empty one. */
const noMessage = 'UnknownError'

const badInput: readonly (readonly [string, string, object | string, string, string | RegExp])[] = [
  ['an unknown operation', 'NoSuchThing', {}, 'UnknownOperation', noMessage],
  ['another service', '', {}, 'UnknownOperation', noMessage],
  ['no JSON', 'ListKeys', '{', 'Serialization', noMessage],
  ['a list', 'ListKeys', '[]', 'Serialization', noMessage],
  [
    'a text for a number',
    'ListKeys',
    { Limit: '5' },
    'Serialization',
    'STRING_VALUE can not be converted to an Integer',
  ],
  [
    'a number for a text',
    'DescribeKey',
    { KeyId: 5 },
    'Serialization',
    'NUMBER_VALUE can not be converted to a String',
  ],
  [
    'an object for a text',
    'DescribeKey',
    { KeyId: {} },
    'Serialization',
    'START_OBJECT can not be converted to a String',
  ],
  [
    'no key',
    'DescribeKey',
    {},
    'Validation',
    "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
  ],
  [
    'an empty key',
    'DescribeKey',
    { KeyId: '' },
    'Validation',
    /Value '' at 'keyId'.*length greater than or equal to 1$/,
  ],
  ['a malformed key', 'DescribeKey', { KeyId: 'x' }, 'NotFound', "Invalid keyId 'x'"],
  ['an ARN of another service', 'DescribeKey', { KeyId: 'arn:aws:s3:::b' }, 'NotFound', 'Invalid arn arn:aws:s3:::b'],
  [
    'a limit of 0',
    'ListKeys',
    { Limit: 0 },
    'Validation',
    "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
  ],
  ['a marker that is none', 'ListKeys', { Marker: '*' }, 'InvalidMarker', /./],
  [
    'a context that is none',
    'Encrypt',
    { KeyId: 'alias/aws/s3', EncryptionContext: [] },
    'Serialization',
    'START_ARRAY can not be converted to a Map',
  ],
  [
    'a context of numbers',
    'Encrypt',
    { KeyId: 'alias/aws/s3', EncryptionContext: { a: 1 } },
    'Serialization',
    'NUMBER_VALUE can not be converted to a String',
  ],
  ['no base64', 'Decrypt', { CiphertextBlob: '*' }, 'Serialization', 'STRING_VALUE can not be converted to a Blob'],
  ['no ciphertext', 'Decrypt', {}, 'Validation', /Value null at 'ciphertextBlob'.*Member must not be null$/],
  [
    'an unknown kind of key',
    'CreateKey',
    { KeySpec: 'AES' },
    'Validation',
    /^1 validation error detected: Value 'AES' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: \[/,
  ],
  [
    'an asymmetric key',
    'CreateKey',
    { KeySpec: 'RSA_2048' },
    'UnsupportedOperation',
    /^Only symmetric encryption keys/,
  ],
  [
    'another usage',
    'CreateKey',
    { KeyUsage: 'SIGN_VERIFY' },
    'UnsupportedOperation',
    /^Only symmetric encryption keys/,
  ],
  ['imported material', 'CreateKey', { Origin: 'EXTERNAL' }, 'UnsupportedOperation', /^Only symmetric encryption keys/],
  [
    'a long description',
    'CreateKey',
    { Description: 'a'.repeat(8193) },
    'Validation',
    /at 'description'.*less than or equal to 8192$/,
  ],
  ['a tag of AWS', 'CreateKey', { Tags: [{ TagKey: 'aws:a', TagValue: '' }] }, 'Tag', /reserved/],
  [
    'a tag twice',
    'CreateKey',
    {
      Tags: [
        { TagKey: 'a', TagValue: '' },
        { TagKey: 'a', TagValue: '' },
      ],
    },
    'Tag',
    'Duplicate tag keys',
  ],
  [
    'too many tags',
    'CreateKey',
    { Tags: Array.from({ length: 51 }, (_, at) => ({ TagKey: `k${at}`, TagValue: '' })) },
    'LimitExceeded',
    /50/,
  ],
  ['a tag without value', 'CreateKey', { Tags: [{ TagKey: 'a' }] }, 'Validation', /Value null at 'tagValue'/],
  [
    'an operation not served',
    'CreateGrant',
    {},
    'UnsupportedOperation',
    'CreateGrant is not supported by this server.',
  ],
  [
    'a prototype for a member',
    'DescribeKey',
    '{"__proto__":{"KeyId":"alias/aws/s3"}}',
    'Validation',
    /Value null at 'keyId'/,
  ],
]

describe('refuses', () => {
  it.each(badInput)('%s', async (_name, operation, body, code, message) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    await expect(raw(operation, text)).rejects.toEqual(failure(code, message))
  })

  it('windows of deletion of other than 7 to 30 days', async () => {
    const { KeyMetadata } = await app.kms().send(new aws.CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    for (const PendingWindowInDays of [6, 31]) {
      const command = new aws.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays })
      await expect(app.kms().send(command)).rejects.toEqual(failure('Validation', /at 'pendingWindowInDays'/))
    }
  })

  it('policies and rotations of other names, grant tokens and other algorithms', async () => {
    const { KeyMetadata } = await app.kms().send(new aws.CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    const Plaintext = Buffer.from('a')
    const send = (command: aws.EncryptCommand | aws.GetKeyPolicyCommand) =>
      app.kms().send(command as aws.EncryptCommand)
    await expect(send(new aws.GetKeyPolicyCommand({ KeyId, PolicyName: 'mine' }))).rejects.toEqual(
      failure('NotFound', 'No such policy exists'),
    )
    await expect(send(new aws.EncryptCommand({ KeyId, Plaintext, GrantTokens: ['a'] }))).rejects.toEqual(
      failure('InvalidGrantToken'),
    )
    const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
    await expect(send(new aws.EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }))).rejects.toEqual(
      failure('InvalidKeyUsage', 'Algorithm RSAES_OAEP_SHA_256 and key spec SYMMETRIC_DEFAULT are incompatible.'),
    )
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`k${at}`, 'v'.repeat(100)]))
    await expect(send(new aws.EncryptCommand({ KeyId, Plaintext, EncryptionContext: wide }))).rejects.toEqual(
      failure('Validation'),
    )
  })
})

describe('authentication', () => {
  const list = (client: aws.KMSClient) => client.send(new aws.ListKeysCommand({}))

  it('is refused in the words of JSON services', async () => {
    await expect(list(app.kms({ ...rootKeys, secretAccessKey: 'wrong' }))).rejects.toEqual(
      failure('InvalidSignature', /^The request signature we calculated does not match the signature you provided/),
    )
    await expect(list(app.kms(keysOf('NOBODYSKEY1234567890')))).rejects.toEqual(
      failure('UnrecognizedClient', 'The security token included in the request is invalid.'),
    )
    await expect(list(app.kms({ ...rootKeys, sessionToken: 'none' }))).rejects.toEqual(failure('UnrecognizedClient'))
  })

  it('is needed', async () => {
    const headers = { 'x-amz-target': 'TrentService.ListKeys', 'content-type': 'application/x-amz-json-1.1' }
    const answer = await fetch(app.endpoint, { method: 'POST', headers, body: '{}' })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { __type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
    ])
    expect(answer.headers.get('content-type')).toBe('application/x-amz-json-1.1')
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('covers the body', async () => {
    const command = new aws.ListKeysCommand({ Limit: 5 })
    command.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string }
        request.body = request.body.replace('5', '6')
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    await expect(app.kms().send(command)).rejects.toEqual(failure('InvalidSignature'))
  })
})
