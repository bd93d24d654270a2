/** Bad input to Object Lock, with the statuses, codes, messages and fields of S3. */
import { hash } from 'node:crypto'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseXml, type XmlElements } from '#lib/text/xml.ts'
import { startServer, type TestServer } from '../start-server.ts'

let server: TestServer
let client: aws.S3Client
let marker = ''

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  for (const Bucket of ['plain', 'suspended']) await client.send(new aws.CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Suspended' as const }
  await client.send(new aws.PutBucketVersioningCommand({ Bucket: 'suspended', VersioningConfiguration }))
  await client.send(new aws.CreateBucketCommand({ Bucket: 'locking', ObjectLockEnabledForBucket: true }))
  for (const Bucket of ['plain', 'locking']) {
    await client.send(new aws.PutObjectCommand({ Bucket, Key: 'key', Body: 'bytes' }))
  }
  await client.send(new aws.PutObjectCommand({ Bucket: 'locking', Key: 'gone', Body: 'bytes' }))
  marker = (await client.send(new aws.DeleteObjectCommand({ Bucket: 'locking', Key: 'gone' }))).VersionId ?? ''
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

interface Asked {
  readonly body?: string
  readonly headers?: Record<string, string>
  readonly withoutDigest?: boolean
}

/** Status, and the elements of the error except those that every error has. */
async function ask(line: string, { body, headers = {}, withoutDigest = false }: Asked = {}) {
  const [method = '', path = ''] = line.split(' ')
  const digest = body === undefined || withoutDigest ? {} : { 'content-md5': hash('md5', body, 'base64') }
  const keys = { 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
  const answer = await fetch(`${server.endpoint}${path}`, {
    method,
    headers: { ...keys, ...digest, ...headers },
    ...(body !== undefined && { body }),
  })
  const text = await answer.text()
  if (text === '') return { status: answer.status }
  const { content } = parseXml(Buffer.from(text), { maxDepth: 9, maxMarkup: 99, arrays: [] })
  const { RequestId: _, HostId: __, Resource: ___, ...fields } = content as XmlElements
  return { status: answer.status, ...fields }
}

const malformed = {
  status: 400,
  Code: 'MalformedXML',
  Message: 'The XML you provided was not well-formed or did not validate against our published schema',
}
const invalid = (Message: string, ArgumentName: string, ArgumentValue?: string) => ({
  status: 400,
  Code: 'InvalidArgument',
  Message,
  ArgumentName,
  ...(ArgumentValue !== undefined && { ArgumentValue }),
})
const invalidRequest = (Message: string) => ({ status: 400, Code: 'InvalidRequest', Message })
const inYears = `${new Date().getUTCFullYear() + 5}-01-01T00:00:00Z`

describe('PutObjectLockConfiguration', () => {
  const enabled = '<ObjectLockEnabled>Enabled</ObjectLockEnabled>'
  const rule = (content: string) => `${enabled}<Rule><DefaultRetention>${content}</DefaultRetention></Rule>`
  const governance = '<Mode>GOVERNANCE</Mode>'
  const put = (content: string, bucket = 'locking', more: Asked = {}) =>
    ask(`PUT /${bucket}?object-lock`, {
      body: `<ObjectLockConfiguration>${content}</ObjectLockConfiguration>`,
      ...more,
    })
  const notPositive = (name: string, value: string) =>
    invalid('Default retention period must be a positive integer value.', name, value)
  const tooLarge = (name: string, value: string) => invalid('Default retention period too large.', name, value)

  it.each([
    ['no ObjectLockEnabled', ''],
    ['another ObjectLockEnabled', '<ObjectLockEnabled>Disabled</ObjectLockEnabled>'],
    ['an empty rule', `${enabled}<Rule/>`],
    ['an empty default retention', rule('')],
    ['a mode without a period', rule(governance)],
    ['a period without a mode', rule('<Days>1</Days>')],
    ['an unknown mode', rule('<Mode>abc</Mode><Days>1</Days>')],
    ['a mode in lower case', rule('<Mode>governance</Mode><Days>1</Days>')],
    ['days and years', rule(`${governance}<Days>1</Days><Years>1</Years>`)],
    ['days that are no number', rule(`${governance}<Days>one</Days>`)],
    ['an event hold without a duration', rule(`${governance}<DefaultEventHold/>`)],
    [
      'an event hold of days and years',
      rule(`${governance}<DefaultEventHold><Days>1</Days><Years>1</Years></DefaultEventHold>`),
    ],
  ])('refuses %s', async (_what, content) => {
    expect(await put(content)).toEqual(malformed)
  })

  it.each([
    ['no days', rule(`${governance}<Days>0</Days>`), notPositive('Days', '0')],
    ['days below zero', rule(`${governance}<Days>-1</Days>`), notPositive('Days', '-1')],
    ['no years', rule(`${governance}<Years>0</Years>`), notPositive('Years', '0')],
    ['more than 36,500 days', rule(`${governance}<Days>36501</Days>`), tooLarge('Days', '36501')],
    ['more than 100 years', rule(`${governance}<Years>101</Years>`), tooLarge('Years', '101')],
  ])('refuses %s', async (_what, content, answer) => {
    expect(await put(content)).toEqual(answer)
  })

  it('refuses a bucket whose versioning is not enabled', async () => {
    const answer = {
      status: 409,
      Code: 'InvalidBucketState',
      Message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    }
    for (const bucket of ['plain', 'suspended']) expect(await put(enabled, bucket)).toEqual(answer)
  })

  it('refuses a body without a checksum, and no body', async () => {
    const message = 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*'
    expect(await put(enabled, 'locking', { withoutDigest: true })).toEqual(invalidRequest(message))
    expect(await ask('PUT /locking?object-lock', { body: '' })).toEqual({
      status: 400,
      Code: 'MissingRequestBodyError',
      Message: 'Request Body is empty',
    })
  })

  it('passes over the token, which was needed once', async () => {
    const headers = { 'x-amz-bucket-object-lock-token': 'token' }
    expect(await put(enabled, 'locking', { headers })).toEqual({ status: 200 })
  })

  it('is what GET asks for', async () => {
    expect(await ask('GET /plain?object-lock')).toEqual({
      status: 404,
      Code: 'ObjectLockConfigurationNotFoundError',
      Message: 'Object Lock configuration does not exist for this bucket',
      BucketName: 'plain',
    })
  })
})

describe('PutObjectRetention', () => {
  const put = (content: string, path = '/locking/key?retention', more: Asked = {}) =>
    ask(`PUT ${path}`, { body: `<Retention>${content}</Retention>`, ...more })
  const until = (date: string) => `<RetainUntilDate>${date}</RetainUntilDate>`
  const governance = '<Mode>GOVERNANCE</Mode>'
  const hold = (status: string, duration = '') => `${governance}<EventHold>${status}</EventHold>${duration}`
  const duration = (content: string) => `<EventHoldDuration>${content}</EventHoldDuration>`

  it.each([
    ['a mode without a date', governance],
    ['a date without a mode', until(inYears)],
    ['an unknown mode', `<Mode>abc</Mode>${until(inYears)}`],
    ['a mode in lower case', `<Mode>governance</Mode>${until(inYears)}`],
    ['a date that is none', `${governance}${until('tomorrow')}`],
    ['a day that no calendar has', `${governance}${until('2099-02-30T00:00:00Z')}`],
    ['an event hold without a mode', `<EventHold>ON</EventHold>${duration('<Days>1</Days>')}`],
    ['an event hold without a duration', hold('ON')],
    ['an event hold of days and years', hold('ON', duration('<Days>1</Days><Years>1</Years>'))],
    ['a duration with a release', hold('OFF', duration('<Days>1</Days>'))],
    ['the release of no hold without a date', hold('OFF')],
    ['an event hold neither on nor off', hold('maybe', duration('<Days>1</Days>'))],
  ])('refuses %s', async (_what, content) => {
    expect(await put(content)).toEqual(malformed)
  })

  it.each([
    ['<Days>0</Days>', invalid('Event hold period must be a positive integer value.', 'Days', '0')],
    ['<Days>36501</Days>', invalid('Event hold period too large.', 'Days', '36501')],
    ['<Years>101</Years>', invalid('Event hold period too large.', 'Years', '101')],
  ])('refuses an event hold of %s', async (content, answer) => {
    expect(await put(hold('ON', duration(content)))).toEqual(answer)
  })

  it('refuses a date that has passed, which it repeats as S3 does', async () => {
    const message = 'The retain until date must be in the future!'
    const answer = invalid(message, 'RetainUntilDate', 'Tue Dec 31 16:00:00 PST 2019')
    expect(await put(`${governance}${until('2020-01-01T00:00:00Z')}`)).toEqual(answer)
    const summer = invalid(message, 'RetainUntilDate', 'Wed Jul 01 05:00:00 PDT 2020')
    expect(await put(`${governance}${until('2020-07-01T12:00:00.000Z')}`)).toEqual(summer)
  })

  it('refuses a bucket without Object Lock, keys and versions that are not there, and delete markers', async () => {
    const valid = `${governance}${until(inYears)}`
    const missing = invalidRequest('Bucket is missing Object Lock Configuration')
    expect(await put(valid, '/plain/key?retention')).toEqual(missing)
    expect(await put(valid, '/locking/none?retention')).toMatchObject({ status: 404, Code: 'NoSuchKey' })
    const unknown = `/locking/key?retention&versionId=${'0'.repeat(32)}`
    expect(await put(valid, unknown)).toMatchObject({ status: 404, Code: 'NoSuchVersion' })
    const refused = { status: 405, Code: 'MethodNotAllowed', Method: 'PUT', ResourceType: 'DeleteMarker' }
    for (const path of ['/locking/gone?retention', `/locking/gone?retention&versionId=${marker}`]) {
      expect(await put(valid, path)).toMatchObject(refused)
    }
  })

  it('tells what is wrong only those who may put it', async () => {
    const Statement = [{ Effect: 'Deny', Principal: '*', Action: 's3:PutObjectRetention', Resource: '*' }].map(
      (one) => ({
        ...one,
        Resource: 'arn:aws:s3:::locking/*',
      }),
    )
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new aws.PutBucketPolicyCommand({ Bucket: 'locking', Policy }))
    expect(await put('<Mode>')).toMatchObject({ status: 403, Code: 'AccessDenied' })
    await client.send(new aws.DeleteBucketPolicyCommand({ Bucket: 'locking' }))
  })
})

describe('GetObjectRetention and GetObjectLegalHold', () => {
  it.each(['retention', 'legal-hold'])('refuse what has no %s', async (name) => {
    expect(await ask(`GET /plain/key?${name}`)).toEqual(invalidRequest('Bucket is missing Object Lock Configuration'))
    expect(await ask(`GET /locking/key?${name}`)).toEqual({
      status: 404,
      Code: 'NoSuchObjectLockConfiguration',
      Message: 'The specified object does not have a ObjectLock configuration',
    })
    expect(await ask(`GET /locking/none?${name}`)).toMatchObject({ status: 404, Code: 'NoSuchKey' })
    const refused = { status: 405, Code: 'MethodNotAllowed', Method: 'GET', ResourceType: 'DeleteMarker' }
    expect(await ask(`GET /locking/gone?${name}&versionId=${marker}`)).toMatchObject(refused)
  })
})

describe('PutObjectLegalHold', () => {
  it.each([
    '',
    '<LegalHold/>',
    '<LegalHold><Status>abc</Status></LegalHold>',
    '<LegalHold><Status>on</Status></LegalHold>',
  ])('refuses the body "%s"', async (body) => {
    expect(await ask('PUT /locking/key?legal-hold', { body })).toEqual(malformed)
  })

  it('refuses a bucket without Object Lock', async () => {
    const body = '<LegalHold><Status>ON</Status></LegalHold>'
    const answer = invalidRequest('Bucket is missing Object Lock Configuration')
    expect(await ask('PUT /plain/key?legal-hold', { body })).toEqual(answer)
  })
})

describe('headers of Object Lock', () => {
  const prefix = 'x-amz-object-lock'
  const [mode, date] = [`${prefix}-mode`, `${prefix}-retain-until-date`]
  const [legalHold, eventHold] = [`${prefix}-legal-hold`, `${prefix}-event-hold`]
  const both = `${date} and ${mode} must both be supplied`
  const cases: [what: string, headers: Record<string, string>, answer: object][] = [
    ['a mode without a date', { [mode]: 'GOVERNANCE' }, invalid(both, date)],
    ['a date without a mode', { [date]: inYears }, invalid(both, mode)],
    ['an unknown mode', { [mode]: 'abc', [date]: inYears }, invalid('Unknown wormMode directive.', mode, 'abc')],
    [
      'a legal hold neither on nor off',
      { [legalHold]: 'on' },
      invalid("Legal Hold must be either of 'ON' or 'OFF'", legalHold, 'on'),
    ],
    [
      'an event hold neither on nor off',
      { [eventHold]: 'on' },
      invalid("Event Hold must be either of 'ON' or 'OFF'", eventHold, 'on'),
    ],
    [
      'a date that is none',
      { [mode]: 'GOVERNANCE', [date]: 'tomorrow' },
      invalid('The retain until date must be provided in ISO 8601 format', date, 'tomorrow'),
    ],
    [
      'a day that no calendar has',
      { [mode]: 'GOVERNANCE', [date]: '2099-02-30T00:00:00Z' },
      invalid('The retain until date must be provided in ISO 8601 format', date, '2099-02-30T00:00:00Z'),
    ],
    [
      'a date that has passed',
      { [mode]: 'GOVERNANCE', [date]: '2020-01-01T00:00:00Z' },
      invalid('The retain until date must be in the future!', date, 'Tue Dec 31 16:00:00 PST 2019'),
    ],
    [
      'an event hold without a duration',
      { [mode]: 'GOVERNANCE', [eventHold]: 'ON' },
      invalid(
        `An event hold that is ON has either ${eventHold}-duration-days or ${eventHold}-duration-years`,
        eventHold,
      ),
    ],
    [
      'an event hold of no days',
      { [mode]: 'GOVERNANCE', [eventHold]: 'ON', [`${eventHold}-duration-days`]: '0' },
      invalid('Event hold period must be a positive integer value.', `${eventHold}-duration-days`, '0'),
    ],
    [
      'an event hold of one day in words',
      { [mode]: 'GOVERNANCE', [eventHold]: 'ON', [`${eventHold}-duration-days`]: 'one' },
      invalid('Event hold period must be a positive integer value.', `${eventHold}-duration-days`, 'one'),
    ],
  ]

  it.each(cases)('are refused for %s', async (_what, headers, answer) => {
    expect(await ask('PUT /locking/new', { body: 'bytes', headers })).toEqual(answer)
    expect(await ask('POST /locking/new?uploads', { headers })).toEqual(answer)
    const copied = { ...headers, 'x-amz-copy-source': '/locking/key' }
    expect(await ask('PUT /locking/new', { headers: copied })).toEqual(answer)
    expect(await ask('GET /locking/new')).toMatchObject({ Code: 'NoSuchKey' })
  })

  it('are refused in a bucket without Object Lock', async () => {
    const answer = invalidRequest('Bucket is missing ObjectLockConfiguration')
    for (const headers of [{ [mode]: 'GOVERNANCE', [date]: inYears }, { [legalHold]: 'ON' }]) {
      expect(await ask('PUT /plain/new', { body: 'bytes', headers })).toEqual(answer)
      expect(await ask('POST /plain/new?uploads', { headers })).toEqual(answer)
    }
  })

  it('need a checksum of the body', async () => {
    const headers = { [mode]: 'GOVERNANCE', [date]: inYears }
    const message =
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters'
    const answer = await ask('PUT /locking/new', { body: 'bytes', headers, withoutDigest: true })
    expect(answer).toEqual(invalidRequest(message))
  })

  it('that ask to pass governance mode are refused where nothing can be locked, whatever they say', async () => {
    const name = 'x-amz-bypass-governance-retention'
    const answer = invalid(`${name} is only applicable to Object Lock enabled buckets.`, name)
    const body = '<Delete><Object><Key>key</Key></Object></Delete>'
    for (const value of ['true', 'false']) {
      const headers = { [name]: value }
      expect(await ask('DELETE /plain/key', { headers })).toEqual(answer)
      expect(await ask('POST /plain?delete', { body, headers })).toEqual(answer)
    }
  })
})
