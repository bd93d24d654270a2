/** A signature covers every query parameter that changes the operation, however its name is spelled. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from '#s3/operations.ts'
import { startTestApi, type TestApi } from '../../input/api.ts'
import { sha256 } from '../../input/signer.ts'
import { presignV2, type SigningV2, signHeadersV2 } from '../../input/signer-v2.ts'

let api: TestApi
let oldVersion = ''
beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket,versioned' })
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await api.ask({ line: 'PUT /versioned?versioning', body: versioning })
  oldVersion = (await api.ask({ line: 'PUT /versioned/doc', body: 'old' })).headers['x-amz-version-id'] ?? ''
  await api.ask({ line: 'PUT /versioned/doc', body: 'new' })
  await api.ask({ line: 'PUT /bucket/object', body: 'content' })
})
afterAll(() => api.close())

const follow = (target: string, method = 'GET', body?: string) =>
  api.ask({ line: `${method} ${target}`, as: 'anonymous', ...(body === undefined ? {} : { body }) })

/** `versionId` as `versionId`, `%76ersionId`, `version%49d` and all in hex. */
const hex = (letter: string) => `%${letter.charCodeAt(0).toString(16)}`
const spellings = (name: string) => [
  name,
  hex(name.charAt(0)) + name.slice(1),
  name.slice(0, -1) + hex(name.slice(-1)).toUpperCase(),
  [...name].map(hex).join(''),
]

describe('a presigned URL of Version 2', () => {
  it.each(spellings('versionId'))('reads no other version with %s added', async (name) => {
    const url = presignV2({ method: 'GET', target: '/versioned/doc' })
    expect((await follow(url)).body).toBe('new')
    expect((await follow(`${url}&${name}=${oldVersion}`)).code).toBe('SignatureDoesNotMatch')
    expect((await follow(url.replace('?', `?${name}=${oldVersion}&`))).code).toBe('SignatureDoesNotMatch')
  })

  it.each(spellings('versionId'))('destroys no version with %s added', async (name) => {
    const url = presignV2({ method: 'DELETE', target: '/versioned/doc' })
    expect((await follow(`${url}&${name}=${oldVersion}`, 'DELETE')).code).toBe('SignatureDoesNotMatch')
    expect((await api.ask({ line: `GET /versioned/doc?versionId=${oldVersion}` })).body).toBe('old')
  })

  it.each(spellings('tagging'))('writes no tags with %s added', async (name) => {
    const url = presignV2({ method: 'PUT', target: '/bucket/object' })
    const tags = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
    expect((await follow(`${url}&${name}`, 'PUT', tags)).code).toBe('SignatureDoesNotMatch')
    expect((await api.ask({ line: 'GET /bucket/object?tagging' })).body).not.toContain('<Tag>')
    expect((await api.ask({ line: 'GET /bucket/object' })).body).toBe('content')
  })

  const responses = ['content-type', 'cache-control', 'content-disposition', 'content-encoding', 'expires']
  it.each(responses)('is not answered with another %s', async (header) => {
    const url = presignV2({ method: 'GET', target: '/bucket/object' })
    for (const name of spellings(`response-${header}`)) {
      expect((await follow(`${url}&${name}=text/html`)).code).toBe('SignatureDoesNotMatch')
    }
  })

  // The same list, and the name of an operation that is not served.
  const harmless = ['list-type', 'x-id']
  /** The operations that a parameter makes out of others. */
  const made = operations.flatMap(({ name, route }) => {
    const [method = '', kind = '', ...markers] = route.split(' ')
    const target = { service: '/', bucket: '/bucket', object: '/bucket/object' }[kind] ?? ''
    const parameters = markers.flatMap((one) => /^(?:\?|\()([^=)]+)/.exec(one)?.[1] ?? [])
    return parameters.every((one) => harmless.includes(one)) ? [] : [[name, method, target, parameters] as const]
  })
  it.each(made)('for something else is not one for %s', async (_name, method, target, parameters) => {
    const before = api.files()
    for (const resource of target === '/bucket' ? [target, '/bucket/'] : [target]) {
      const url = presignV2({ method, target, resource })
      for (const spell of [0, 1]) {
        const added = parameters.map((parameter) => `${spellings(parameter)[spell]}=2`).join('&')
        expect((await follow(`${url}&${added}`, method)).status).toBe(403)
      }
    }
    expect(api.files()).toBe(before)
  })

  it('is good for the sub-resources that were signed, in any spelling', async () => {
    const resource = `/versioned/doc?response-content-type=text/html&versionId=${oldVersion}`
    const target = `/versioned/doc?%76ersionId=${oldVersion}&response-content-type=text%2Fhtml`
    const answer = await follow(presignV2({ method: 'GET', target, resource }))
    expect([answer.body, answer.headers['content-type']]).toEqual(['old', 'text/html'])
  })

  it('may be asked for a part of a list, and carry what means nothing to S3', async () => {
    const url = presignV2({ method: 'GET', target: '/bucket?prefix=obj&list-type=2', resource: '/bucket/' })
    expect((await follow(`${url}&max-keys=1&utm_source=mail&x-note=1`)).body).toContain('<Key>object</Key>')
  })

  it('repeats a content type in the query, as boto does, and is held to the header', async () => {
    const headers = [['Content-Type', 'text/plain']] as const
    const url = presignV2({ method: 'PUT', target: '/bucket/typed?content-type=text%2Fplain', headers })
    const put = (more: Record<string, string>) =>
      api.ask({ line: `PUT ${url}`, as: 'anonymous', headers: more, body: 'x' })
    expect((await put({ 'content-type': 'text/plain' })).status).toBe(200)
    expect((await put({ 'content-type': 'text/html' })).code).toBe('SignatureDoesNotMatch')
    expect((await put({})).code).toBe('SignatureDoesNotMatch')
  })
})

describe('a request signed by Version 2 in its header', () => {
  it.each(spellings('acl'))('is not one for %s', async (name) => {
    const asked: SigningV2 = { method: 'GET', target: '/bucket/object' }
    const headers = signHeadersV2(asked)
    expect((await api.ask({ line: 'GET /bucket/object', as: 'anonymous', headers })).body).toBe('content')
    const added = await api.ask({ line: `GET /bucket/object?${name}`, as: 'anonymous', headers })
    expect(added.code).toBe('SignatureDoesNotMatch')
  })
})

describe('the parameters of a signature', () => {
  it('count under any spelling, in Version 2 and Version 4', async () => {
    const old = presignV2({ method: 'GET', target: '/bucket/object' })
    expect((await follow(old.replace('&Signature', '&%53ignature'))).body).toBe('content')
    expect((await follow(old.replace('Signature=', '%53ignature=AAAA'))).code).toBe('SignatureDoesNotMatch')
    const signed = api.sign({ line: 'GET /bucket/object', as: 'presigned' }).target
    const spelt = signed.replaceAll('X-Amz-', '%58-%41mz-')
    expect((await follow(spelt)).body).toBe('content')
    expect((await follow(spelt.replace('Expires=900', 'Expires=901'))).code).toBe('SignatureDoesNotMatch')
  })

  it('lead to IAM and STS under any spelling', async () => {
    const query = '?%41ction=GetCallerIdentity&%56ersion=2011-06-15'
    expect((await follow(`/${query}`)).body).toContain('MissingAuthenticationToken')
    const signing = { service: 'sts', payload: sha256('') }
    const { target } = api.sign({ line: `GET /${query}`, as: 'presigned', signing })
    expect((await follow(target.replaceAll('X-Amz-C', '%58-Amz-C'))).body).toContain('GetCallerIdentityResult')
  })
})
