/** Names that would be paths: nothing is read or written outside the bucket's folder. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'
import { encodeKey } from '../../input/signer.ts'

let api: TestApi
let outside = ''
beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket,victim' })
  await api.ask({ line: 'PUT /victim/file', body: 'untouched' })
  outside = join(dirname(api.root), `outside-${api.port}`)
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'secret')
})
afterAll(async () => {
  rmSync(outside, { recursive: true })
  await api.close()
})

/** Everything under the root that does not belong to this bucket, and whether something left the root. */
function expectNothingElsewhere(): void {
  expect(readFileSync(join(api.root, 'victim/file'), 'utf8')).toBe('untouched')
  expect(readdirSync(api.root).sort()).toEqual(['.myfsio.sys', 'bucket', 'victim'])
  expect(readdirSync(outside)).toEqual(['secret'])
  const folder = join(api.root, 'bucket')
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (lstatSync(join(folder, name)).isSymbolicLink()) continue
    expect(realpathSync(join(folder, name)).startsWith(`${folder}/`)).toBe(true)
  }
}

const keys = [
  '../victim/file',
  '..',
  '../../etc/passwd',
  'a/../../victim/file',
  './file',
  '.',
  '/etc/passwd',
  '//etc/passwd',
  '..\\victim\\file',
  '\\..\\victim',
  'C:\\windows\\system32',
  '.myfsio.sys/config/iam.json',
  '../.myfsio.sys/config/iam.json',
  '.myfsio.sys',
  '%2e%2e/victim/file',
  '..%2fvictim%2ffile',
  'CON',
  'nul.txt',
  'a:b',
  'trailing.',
  'trailing ',
  '\u202egpj.exe',
  'cafe\u0301',
  'caf\u00e9',
  'k'.repeat(1024),
  `${'d/'.repeat(60)}f`,
  `${'s'.repeat(256)}/f`,
  'new\nline',
  '\u001b[31mred',
]

describe('CVE-2023-28433 CVE-2022-35919 GHSA-8r6f-hmq2-28rg GHSA-pq29-69jg-9mxc GHSA-f4vq-9ffr-m8m3: keys are no paths', () => {
  it.each(keys)('%j is an object like any other', async (key) => {
    const line = (method: string) => `${method} /bucket/${encodeKey(key)}`
    expect((await api.ask({ line: line('PUT'), body: `of ${key}` })).status).toBe(200)
    expect((await api.ask({ line: line('GET') })).body).toBe(`of ${key}`)
    expectNothingElsewhere()
    expect(
      (await api.ask({ line: 'PUT /bucket/copied', headers: { 'x-amz-copy-source': `/bucket/${encodeKey(key)}` } }))
        .status,
    ).toBe(200)
    expect((await api.ask({ line: line('DELETE') })).status).toBe(204)
    expect((await api.ask({ line: line('GET') })).code).toBe('NoSuchKey')
    expectNothingElsewhere()
  })

  it('nor is any mixture of their parts', async () => {
    const part = fc.constantFrom('..', '.', '', 'a', '.myfsio.sys', '\\', '%2e%2e', 'victim', 'file', ' ', 'ü')
    const key = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
    const run = fc.asyncProperty(
      key.filter((text) => text !== ''),
      async (text) => {
        const line = (method: string) => `${method} /bucket/${encodeKey(text)}`
        expect((await api.ask({ line: line('PUT'), body: text })).status).toBe(200)
        expect((await api.ask({ line: line('GET') })).body).toBe(text)
        expectNothingElsewhere()
      },
    )
    await fc.assert(run, { numRuns: 25 })
  })

  it.each(['.myfsio.sys', '..', '%2e%2e', '.', '_', 'bucket%2F..%2Fvictim', '%2e%2e%2Fvictim'])(
    '%s is no bucket',
    async (name) => {
      for (const line of [
        `GET /${name}`,
        `PUT /${name}`,
        `DELETE /${name}`,
        `GET /${name}/config/iam.json`,
        `PUT /${name}/file`,
      ]) {
        expect((await api.ask({ line })).code).toMatch(/^(InvalidBucketName|InvalidURI|MethodNotAllowed)$/)
      }
      expectNothingElsewhere()
    },
  )

  it('a form names no path either, nor does its file', async () => {
    const part = (head: string, value: string) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`
    // biome-ignore lint/suspicious/noTemplateCurlyInString: so the form writes it
    const body = `${part('name="key"', '${filename}')}${part('name="file"; filename="../victim/file"', 'x')}--b--\r\n`
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    const open = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::bucket/*' }
    await api.ask({ line: 'PUT /bucket?policy', body: JSON.stringify({ Version: '2012-10-17', Statement: [open] }) })
    const posted = await api.ask({ line: 'POST /bucket', as: 'anonymous', headers, body })
    expect(posted.status).toBe(204)
    expectNothingElsewhere()
    // Only the name in a path counts.
    expect((await api.ask({ line: 'GET /bucket/file' })).body).toBe('x')
  })
})

describe('symbolic links planted in the data', () => {
  it('are not followed: neither file nor folder', async () => {
    symlinkSync(join(outside, 'secret'), join(api.root, 'bucket/link'))
    symlinkSync(outside, join(api.root, 'bucket/folder'))
    symlinkSync(join(api.root, '.myfsio.sys/config'), join(api.root, 'bucket/config'))
    for (const key of ['link', 'folder/secret', 'config/iam.json']) {
      expect((await api.ask({ line: `GET /bucket/${key}` })).code).toBe('NoSuchKey')
    }
    const listed = (await api.ask({ line: 'GET /bucket?list-type=2' })).body
    expect(listed).not.toMatch(/secret|iam\.json|<Key>link</)
  })

  it('are not written through', async () => {
    const before = readFileSync(join(api.root, '.myfsio.sys/config/iam.json'), 'utf8')
    await api.ask({ line: 'PUT /bucket/link', body: 'overwritten' })
    await api.ask({ line: 'PUT /bucket/folder/secret', body: 'overwritten' })
    await api.ask({ line: 'PUT /bucket/folder/new', body: 'written' })
    await api.ask({ line: 'PUT /bucket/config/iam.json', body: 'overwritten' })
    await api.ask({ line: 'DELETE /bucket/folder/secret' })
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect(existsSync(join(outside, 'new'))).toBe(false)
    expect(readFileSync(join(api.root, '.myfsio.sys/config/iam.json'), 'utf8')).toBe(before)
  })
})
