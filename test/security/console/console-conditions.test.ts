/** Conditions of policies see the console's action, never the further values in the visitor's request. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from '../../console/start-console.ts'

let site: TestConsole
let admin: Visitor

const headers = {
  'x-amz-tagging': 'project=x',
  'x-amz-acl': 'private',
  'x-amz-server-side-encryption': 'AES256',
  'x-amz-storage-class': 'GLACIER',
  'x-amz-metadata-directive': 'REPLACE',
  'x-amz-website-redirect-location': '/elsewhere',
  'x-amz-object-lock-mode': 'COMPLIANCE',
  'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  'if-none-match': '*',
  'if-match': '"0"',
}

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'photos', versioning: 'on' })
  for (const key of ['secret/plan', 'public/a.txt', 'public/b.txt', 'other.txt']) await upload(key)
})
beforeEach(() => site.policies.remove('photos'))
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const upload = (key: string, more = '', sent: Record<string, string> = {}) =>
  admin.agent
    .put(`/ui/buckets/photos/upload?key=${encodeURIComponent(key)}${more}`)
    .set({ ...sent, 'x-csrf-token': admin.token(), accept: 'application/json' })
    .type('bin')
    .send('x')

const deny = (Action: string | string[], Condition: object) =>
  site.policies.put(
    'photos',
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action,
          Resource: ['arn:aws:s3:::photos', 'arn:aws:s3:::photos/*'],
          Condition,
        },
      ],
    }),
  )
const denySecret = () => deny(['s3:ListBucket', 's3:ListBucketVersions'], { StringLike: { 's3:prefix': 'secret/*' } })
const unless = (action: string, key: string, value: string) => deny(action, { StringNotEquals: { [key]: value } })

describe('where an s3:prefix is denied, the console', () => {
  it.each([
    '?prefix=secret/',
    '?prefix=secret',
    '?prefix=secret&part=rows',
    '?search=secret/',
    '?prefix=&search=secret/pl',
    '?prefix=secret/&deleted=yes',
    '?prefix=secret/&prefix=public/',
    '?prefix=public/&prefix=secret/',
    '?search=secret/&search=public/',
    '?pr%65fix=secret/',
    '?prefix=secret%2F',
    '?prefix=secret/&after=secret/',
  ])('does not list it for %s', async (query) => {
    await denySecret()
    const answer = await admin.get(`/ui/buckets/photos${query}`)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.text).not.toContain('secret/plan')
  })

  it('goes on listing the rest, and names the folder as S3 does', async () => {
    await denySecret()
    expect((await admin.get('/ui/buckets/photos?prefix=public/')).text).toContain('public/a.txt')
    expect((await admin.get('/ui/buckets/photos?search=pub')).text).toContain('public/')
    const { status, text } = await admin.get('/ui/buckets/photos')
    expect([status, text.includes('secret/plan')]).toEqual([200, false])
  })

  it('allows what a policy allows by prefix and delimiter', async () => {
    await deny('s3:ListBucket', { StringNotEquals: { 's3:prefix': ['', 'public/'] } })
    expect((await admin.get('/ui/buckets/photos')).status).toBe(200)
    expect((await admin.get('/ui/buckets/photos?prefix=public')).status).toBe(200)
    expect((await admin.get('/ui/buckets/photos?prefix=secret')).status).toBe(403)
    await unless('s3:ListBucket', 's3:delimiter', '/')
    expect((await admin.get('/ui/buckets/photos')).status).toBe(200)
    await deny('s3:ListBucket', { NumericGreaterThan: { 's3:max-keys': '10' } })
    expect((await admin.get('/ui/buckets/photos?max-keys=1')).status).toBe(403)
  })

  it.each(['secret/', 'secret'])('makes no zip of %s', async (prefix) => {
    await denySecret()
    const answer = await admin.post('/ui/buckets/photos/zip', { prefix, back: '' }).buffer(true)
    expect(answer.status).toBe(403)
    const both = await admin.post('/ui/buckets/photos/zip', { prefix: ['public/', prefix], back: '' }).buffer(true)
    expect(both.status).toBe(403)
  })

  it('names in a zip of more nothing of it', async () => {
    const Resource = 'arn:aws:s3:::photos'
    const Statement = [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:ListBucket',
        Resource,
        Condition: { StringLike: { 's3:prefix': 'secret/*' } },
      },
      { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: `${Resource}/secret/*` },
    ]
    await site.policies.put('photos', JSON.stringify({ Version: '2012-10-17', Statement }))
    const { text } = await admin
      .post('/ui/buckets/photos/zip', { prefix: '', back: '' })
      .buffer(true)
      .parse((response, done) => {
        let text = ''
        response.setEncoding('latin1')
        response.on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () => done(null, text))
      })
      .then(({ body }) => ({ text: String(body) }))
    expect(text).toContain('public/a.txt')
    expect(text).toContain('NOT-INCLUDED.txt')
    expect(text).not.toContain('secret/plan')
  })

  it.each(['secret/', 'secret'])('deletes, copies and moves nothing below %s', async (prefix) => {
    await denySecret()
    const sources = [{ prefix }]
    const asked = { sources, base: '', targetBucket: 'photos', target: 'copy/', isReplace: true }
    for (const [page, body] of [
      ['delete', { sources }],
      ['copy', { ...asked, isMove: false }],
      ['copy', { ...asked, isMove: true }],
    ] as const) {
      const answer = await admin.json('post', `/ui/buckets/photos/${page}?prefix=public/`, body)
      expect([page, answer.status, JSON.stringify(answer.body).includes('secret/plan')]).toEqual([page, 403, false])
    }
    expect((await site.store.headObject('photos', 'secret/plan', undefined)).key).toBe('secret/plan')
  })

  it('does not say which versions a key has', async () => {
    await denySecret()
    expect((await admin.get('/ui/buckets/photos/object?key=secret/plan&prefix=public/')).text).not.toContain(
      'id="versions"',
    )
    expect((await admin.get('/ui/buckets/photos/object?key=public/a.txt')).text).toContain('id="versions"')
  })

  it('tells of a bucket nothing that a prefix sent along would open', async () => {
    await unless('s3:ListBucket', 's3:prefix', 'public/')
    expect((await admin.get('/ui/buckets/photos?prefix=public/')).status).toBe(200)
    expect((await admin.get('/ui/buckets/photos/settings?prefix=public/')).status).toBe(403)
    await unless('s3:ListBucketVersions', 's3:prefix', 'public/')
    expect((await admin.json('post', '/ui/buckets/photos/empty?prefix=public/', {})).status).toBe(403)
  })
})

describe('headers and parameters that the console ignores satisfy no condition', () => {
  it.each([
    ['s3:RequestObjectTag/project', 'x'],
    ['s3:x-amz-acl', 'private'],
    ['s3:x-amz-server-side-encryption', 'AES256'],
    ['s3:x-amz-storage-class', 'GLACIER'],
    ['s3:x-amz-metadata-directive', 'REPLACE'],
    ['s3:x-amz-website-redirect-location', '/elsewhere'],
    ['s3:object-lock-mode', 'COMPLIANCE'],
    ['s3:x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
    ['s3:if-none-match', '*'],
    ['s3:if-match', '"0"'],
  ])('%s', async (key, value) => {
    await unless('s3:PutObject', key, value)
    const write = (page: string, sent: Record<string, string>) =>
      admin.agent
        .post(`/ui/buckets/photos/${page}`)
        .set(headers)
        .set('x-csrf-token', admin.token())
        .type('form')
        .send(sent)
    expect((await upload('new.txt', '', headers)).status).toBe(403)
    expect((await write('folders', { prefix: '', name: 'new' })).status).toBe(403)
    const begun = await admin.json('post', '/ui/buckets/photos/uploads?key=new.txt', {}).set(headers)
    expect(begun.status).toBe(403)
  })

  it('a copy source is the one that is copied', async () => {
    await unless('s3:PutObject', 's3:x-amz-copy-source', 'photos/public/a.txt')
    const copy = async (key: string, isMove: boolean) => {
      const sources = [{ key }]
      const asked = { sources, base: '', targetBucket: 'photos', target: 'copied/', isMove, isReplace: true }
      const sent = admin.json('post', '/ui/buckets/photos/copy', asked).set('x-amz-copy-source', 'photos/public/a.txt')
      return (await sent).body.done
    }
    expect([await copy('other.txt', false), await copy('other.txt', true)]).toEqual([0, 0])
    expect(await copy('public/a.txt', false)).toBe(1)
    const page = '/ui/buckets/photos/metadata?key='
    const save = async (key: string) =>
      (
        await admin
          .post(page + key, { contentType: 'text/plain', etag: '*' })
          .set('x-amz-copy-source', 'photos/public/a.txt')
      ).status
    expect([await save('other.txt'), await save('public/a.txt')]).toEqual([403, 303])
    const restore = async (key: string) =>
      (await admin.post(`/ui/buckets/photos/restore?key=${key}&versionId=${await versionOf(key)}`)).status
    expect([await restore('other.txt'), await restore('public/a.txt')]).toEqual([403, 303])
  })

  it('a rename puts the tags that the object has', async () => {
    await upload('tagged.txt')
    await admin.post('/ui/buckets/photos/object-tags?key=tagged.txt', { name: 'project', value: 'y' })
    const rename = async () => {
      const asked = { base: 'tagged.txt', targetBucket: 'photos', target: 'y.txt', isMove: true, isReplace: true }
      const sent = admin.json('post', '/ui/buckets/photos/copy', { ...asked, sources: [{ key: 'tagged.txt' }] })
      return (await sent.set('x-amz-tagging', 'project=x')).body.done
    }
    await unless('s3:PutObject', 's3:RequestObjectTag/project', 'x')
    expect(await rename()).toBe(0)
    await unless('s3:PutObject', 's3:RequestObjectTag/project', 'y')
    expect(await rename()).toBe(1)
  })

  it('an upload that replaces nothing says so, and a part makes no object yet', async () => {
    await deny('s3:PutObject', { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } })
    expect((await upload('fresh.txt')).status).toBe(403)
    expect((await upload('fresh.txt', '&replace=no')).status).toBe(200)
    expect((await upload('fresh2.txt', '&uploads=')).status).toBe(403)
    const { body } = await admin.json('post', '/ui/buckets/photos/uploads?key=parts', {})
    expect(body.uploadId).toMatch(/./)
  })

  it('a version is the one that is read or deleted', async () => {
    const [old, fresh] = [await versionOf('public/b.txt'), (await upload('public/b.txt')).body.versionId]
    await unless('s3:GetObjectVersion', 's3:VersionId', old)
    const look = async (page: string, id: string) =>
      (await admin.get(`/ui/buckets/photos/${page}?key=public/b.txt&versionId=${id}`)).status
    for (const page of ['object', 'content', 'readers']) {
      expect([page, await look(page, old), await look(page, fresh)]).toEqual([page, 200, 403])
    }
    expect(await look(`object`, `${old}&versionId=${fresh}`)).toBe(400)
    await deny('s3:GetObject', { Bool: { 'aws:SecureTransport': 'false' } })
    // It shows the current version, whichever is named.
    expect(await look('metadata', old)).toBe(403)
    await unless('s3:DeleteObjectVersion', 's3:VersionId', old)
    const remove = async (query: string) =>
      (await admin.post(`/ui/buckets/photos/delete-version?key=public/b.txt${query}`)).status
    expect([await remove(''), await remove(`&versionId=${fresh}`)]).toEqual([403, 403])
    expect(await remove(`&versionId=${old}`)).toBe(303)
  })

  it('a link is asked about as it will be followed', async () => {
    await deny('s3:GetObject', { StringEquals: { 's3:authType': 'REST-QUERY-STRING' } })
    const make = () => admin.post('/ui/buckets/photos/presign?key=public/a.txt', { method: 'GET', preset: '900' })
    expect((await make()).status).toBe(403)
    await site.policies.remove('photos')
    expect((await make()).status).toBe(200)
  })
})

async function versionOf(key: string): Promise<string> {
  return (await site.store.headObject('photos', key, undefined)).versionId
}
