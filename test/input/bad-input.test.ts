/** The tables beside, run through real HTTP: each row gets AWS's code and status, and leaves nothing behind. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOnce } from '#lib/digest/digest.ts'
import { operations } from '#s3/operations.ts'
import { type Asked, startTestApi, type TestApi } from './api.ts'
import { access } from './tables/bucket/access.ts'
import { buckets } from './tables/bucket/buckets.ts'
import { encryption } from './tables/bucket/encryption.ts'
import { listings, oddButRight } from './tables/bucket/listings.ts'
import { policiesAndDeletes } from './tables/bucket/policies-and-deletes.ts'
import { smallSettings } from './tables/bucket/small-settings.ts'
import { unsetSettings } from './tables/bucket/unset-settings.ts'
import { annotations } from './tables/object/annotations.ts'
import { forms } from './tables/object/forms.ts'
import { locks } from './tables/object/locks.ts'
import { multipart } from './tables/object/multipart.ts'
import { objects } from './tables/object/objects.ts'
import { tagging } from './tables/object/tagging.ts'
import { documents } from './tables/xml.ts'

const cases = [
  ...access,
  ...buckets,
  ...listings,
  ...objects,
  ...annotations,
  ...encryption,
  ...multipart,
  ...policiesAndDeletes,
  ...tagging,
  ...smallSettings,
  ...locks,
  ...encryption,
  ...unsetSettings,
  ...forms,
  ...documents,
]
const names = [...new Set(cases.map(({ operation }) => operation))]

let api: TestApi
let before = { state: '', files: '' }
const placeholders = new Map<string, string>()

const crc32 = (text: string) => digestOnce(['CRC32'], Buffer.from(text)).get('CRC32')?.toString('base64') ?? ''

const fill = (text: string) => text.replace(/\{([a-z-]+)\}/g, (whole, name) => placeholders.get(name) ?? whole)
const filled = (asked: Asked): Asked => ({
  ...asked,
  line: fill(asked.line),
  ...(typeof asked.body === 'string' ? { body: fill(asked.body) } : {}),
})

async function make(line: string, more: Partial<Asked> = {}) {
  const answer = await api.ask(filled({ line, ...more }))
  if (answer.status >= 300) throw new Error(`${line}: ${answer.status} ${answer.body}`)
  return answer
}

beforeAll(async () => {
  api = await startTestApi({ MAX_UPLOAD_SIZE: '1MiB', AWS_REGION: 'us-east-1' })
  for (const name of ['bucket', 'versioned', 'empty']) await make(`PUT /${name}`)
  await make('PUT /theirs', { as: 'other' })
  await make('PUT /theirs/object', { as: 'other', body: 'theirs' })
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await make('PUT /versioned?versioning', { body: enabled })
  for (const key of ['bucket/object', 'bucket/other', 'bucket/public'])
    await make(`PUT /${key}`, { body: '0123456789' })
  await make('PUT /versioned/object', { body: '0123456789' })
  const tags = '<Tagging><TagSet><Tag><Key>kept</Key><Value>1</Value></Tag></TagSet></Tagging>'
  for (const target of ['/bucket', '/bucket/object']) await make(`PUT ${target}?tagging`, { body: tags })
  const other = await make('PUT /versioned/other', { body: '0123456789' })
  placeholders.set('version-of-other', other.headers['x-amz-version-id'] ?? '')
  placeholders.set('marker', (await make('DELETE /versioned/deleted')).headers['x-amz-version-id'] ?? '')
  const open = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/public' }
  await make('PUT /bucket?policy', { body: JSON.stringify({ Version: '2012-10-17', Statement: [open] }) })
  const upload = await make('POST /bucket/upload?uploads', { headers: { 'x-amz-checksum-algorithm': 'CRC32' } })
  placeholders.set('upload', /<UploadId>(\w+)</.exec(upload.body)?.[1] ?? '')
  for (const number of [1, 3]) {
    const headers = { 'x-amz-checksum-crc32': crc32('a part') }
    const part = await make(`PUT /bucket/upload?uploadId={upload}&partNumber=${number}`, { body: 'a part', headers })
    placeholders.set('etag', part.headers.etag ?? '')
    placeholders.set('crc', crc32('a part'))
  }
  before = { state: await api.state(), files: api.files() }
})
afterAll(() => api.close())

/** A change is reported once, not by every following row. */
function expectSameFiles(): void {
  const { files } = before
  before = { ...before, files: api.files() }
  expect(before.files).toBe(files)
}

async function expectSameState(): Promise<void> {
  const { state } = before
  before = { ...before, state: await api.state() }
  expect(before.state).toBe(state)
}

describe.each(names)('%s refuses a request', (name) => {
  it.each(cases.filter(({ operation }) => operation === name).map((one) => [one.title, one.answers, one] as const))(
    '%s: %s',
    async (_title, answers, one) => {
      const answer = await api.ask(filled(one))
      expect(`${answer.status} ${answer.code}`.trim(), answer.message).toBe(answers)
      expectSameFiles()
    },
  )

  it('and leaves everything as it was', expectSameState)
})

it.each(oddButRight.map((line) => [line.slice(0, 80), line]))('answers %s', async (_title, line) => {
  const answer = await api.ask({ line })
  expect(`${answer.status} ${answer.code}`.trim()).toBe('200')
  expect(answer.body).not.toContain('theirs')
})

it('deletes what it can of many objects, and says what was wrong with each of the others', async () => {
  const named = (key: string, more = '') => `<Object><Key>${key}</Key>${more}</Object>`
  const objects = [
    named('absent'),
    named('k'.repeat(1025)),
    named('object', '<VersionId>no-version</VersionId>'),
    named('object', '<Size>11</Size>'),
    named('object', '<ETag>"0"</ETag>'),
    named('object', '<LastModifiedTime>yesterday</LastModifiedTime>'),
  ]
  const body = `<Delete>${objects.join('')}</Delete>`
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
  const { status, body: answer } = await api.ask({ line: 'POST /bucket?delete', headers, body })
  expect([status, answer.match(/<Deleted>/g)?.length]).toEqual([200, 1])
  const codes = [...answer.matchAll(/<Code>(\w+)</g)].map(([, code]) => code)
  expect(codes).toEqual([
    'KeyTooLongError',
    'NoSuchVersion',
    'PreconditionFailed',
    'PreconditionFailed',
    'InvalidArgument',
  ])
  await expectSameState()
})

it('has a row for every operation that is served', () => {
  const served = operations.filter((row) => row.isUnserved !== true).map((row) => row.name)
  expect(served.filter((name) => !names.includes(name))).toEqual([])
  expect(names.filter((name) => !served.includes(name))).toEqual([])
})

it.each(operations.filter((row) => row.isUnserved === true).map(({ name, route }) => [name, route]))(
  'answers %s, which is not served, with 501',
  async (_name, route) => {
    const [method = '', kind = '', ...markers] = route.split(' ')
    const query = markers.flatMap((one) => (one.startsWith('?') ? [one.slice(1).replace(/=$/, '=x')] : [])).join('&')
    const header = markers.find((one) => one.startsWith('['))?.slice(1, -1)
    const path = { service: '/', bucket: '/bucket', object: '/bucket/object' }[kind]
    const headers = header === undefined ? {} : { [header]: 'x' }
    const answer = await api.ask({ line: `${method} ${path}?${query}`, headers })
    expect(`${answer.status} ${answer.code}`).toBe('501 NotImplemented')
  },
)

it('leaves everything as it was where nothing is served', expectSameState)
