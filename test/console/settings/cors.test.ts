import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explainCors } from '#console/settings/cors/explain-cors.ts'
import type { CorsRule } from '#model/bucket/cors.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

const page = '/ui/buckets/photos/cors'
const rule = (fields: Partial<CorsRule> = {}): CorsRule => ({
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
  ...fields,
})
const local = { origins: ['local'], methods: ['GET', 'PUT'], allowHeaders: ['*'] }

describe('the CORS page of a bucket', () => {
  let site: TestConsole
  let admin: Visitor

  beforeAll(async () => {
    site = await startTestConsole()
    admin = await site.signIn()
    await admin.post('/ui/buckets', { name: 'photos' })
  })
  afterAll(async () => {
    expect(site.errors).toEqual([])
    await site.close()
  })

  const rules = async () => site.store.findSetting(await site.store.getBucket('photos'), 'cors')
  const two = {
    origins: ['https://a.example\nhttps://*.b.example', '*'],
    methods: ['1 GET', '1 PUT', '2 GET'],
    headers: ['*', ''],
    expose: ['ETag, x-amz-meta-a', ''],
    maxAge: ['60', ''],
    id: ['first', ''],
  }

  it('saves the rules as they are typed, and shows them again', async () => {
    const saved = await admin.follow(page, { ...two, do: 'save' })
    expect(saved.text).toContain('CORS rules saved')
    const [a, b] = [saved.text.indexOf('https://a.example'), saved.text.indexOf('https://*.b.example')]
    expect([a > 0, b > a]).toEqual([true, true])
    expect(await rules()).toEqual([
      {
        id: 'first',
        allowedOrigins: ['https://a.example', 'https://*.b.example'],
        allowedMethods: ['GET', 'PUT'],
        allowedHeaders: ['*'],
        exposeHeaders: ['ETag', 'x-amz-meta-a'],
        maxAgeSeconds: 60,
      },
      rule({ allowedOrigins: ['*'] }),
    ])
    expect((await admin.get('/ui/buckets/photos/settings')).text).toContain('2 rules say')
  })

  it('adds and removes rules on the page, without saving them', async () => {
    const before = await rules()
    const added = await admin.post(page, { ...two, do: 'add' })
    expect(added.text).toMatch(/Rule 3<[\s\S]*Not saved|Not saved[\s\S]*Rule 3</)
    const removed = await admin.post(page, { ...two, do: 'remove 1' })
    expect(removed.text).not.toContain('https://a.example')
    expect(await rules()).toEqual(before)
  })

  it.each([
    ['no origin', { origins: '', methods: '1 GET' }, 'Rule 1: AllowedOrigins is empty.'],
    ['no method', { origins: '*' }, 'Rule 1: no AllowedMethods are selected.'],
    ['words for seconds', { origins: '*', methods: '1 GET', maxAge: 'soon' }, 'Rule 1: MaxAgeSeconds is a number'],
    ['two wildcards', { origins: 'https://*.*', methods: '1 GET' }, 'can not have more than one wildcard.'],
    ['a method of no page', { origins: '*', methods: '1 PATCH' }, 'Unsupported method is PATCH'],
  ])('refuses %s, and keeps what was typed', async (_, fields, problem) => {
    const before = await rules()
    const answer = await admin.post(page, { ...fields, do: 'save' })
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(problem)])
    if (fields.origins !== '') expect(answer.text).toContain(`>${fields.origins}</textarea>`)
    expect(await rules()).toEqual(before)
  })

  it('tests a request by the saved rules', async () => {
    await admin.post(page, { ...two, do: 'save' })
    const allowed = await admin.get(`${page}?origin=https://x.b.example&method=PUT&headers=content-type`)
    expect(allowed.text).toContain('Rule 1, first allows this request.')
    expect(allowed.text).toContain('access-control-allow-origin: https://x.b.example')
    const refused = await admin.get(`${page}?origin=https://c.example&method=PUT&headers=`)
    expect(refused.text).toContain('No rule allows this request.')
    expect(refused.text).toContain('AllowedOrigins does not include https://c.example.')
    expect(refused.text).toContain('AllowedMethods does not include PUT.')
  })

  it('deletes the rules where none is left', async () => {
    expect((await admin.follow(page, { do: 'save' })).text).toContain('CORS rules deleted')
    expect(await rules()).toBeUndefined()
    const answer = await admin.get(`${page}?origin=https://a.example&method=GET&headers=`)
    expect(answer.text).toMatch(/has no CORS rules[\s\S]*CORS_ORIGINS, which is local, does not include/)
  })
})

describe('the test of a request', () => {
  const ask = (rules: CorsRule[] | undefined, origin: string, method = 'GET', headers = '', openKey?: string) =>
    explainCors(rules, { origin, method, headers }, { settings: local, openKey })

  it('takes the address of a page for its origin, as browsers do', () => {
    expect(ask([rule()], 'https://A.example:443/page?x=1#y').isAllowed).toBe(true)
    expect(ask([rule()], 'a.example').problem).toContain('https://www.example.com')
  })

  it.each([
    ['https://a.example/', 'an origin ends without a slash'],
    ['https://A.example', 'browsers send origins in lower case'],
    ['http://a.example', 'another scheme'],
    ['https://a.example:8080', 'another port'],
  ])('says how %s differs from the origin', (listed, hint) => {
    expect(ask([rule({ allowedOrigins: [listed] })], 'https://a.example').steps[0]?.reason).toContain(hint)
  })

  it('names the headers that a rule does not allow, and those of the answer where one does', () => {
    const [named, all] = [rule({ allowedHeaders: ['range'] }), rule({ allowedHeaders: ['*'], id: 'all' })]
    const answer = ask([named, all], 'https://a.example', 'GET', 'Range X-Own')
    expect(answer.steps).toEqual([
      { title: 'Rule 1', reason: 'AllowedHeaders does not include x-own.' },
      { title: 'Rule 2, all', reason: undefined },
    ])
    expect(Object.fromEntries(answer.headers)).toMatchObject({ 'access-control-allow-headers': 'range, x-own' })
  })

  it('tells what the browser does', () => {
    const put = rule({ allowedMethods: ['PUT'] })
    expect(ask([put], 'https://a.example', 'PUT').notes).toEqual([
      expect.stringContaining('ETag is not in ExposeHeaders'),
      expect.stringContaining('preflight request (OPTIONS), which is answered 200'),
    ])
    expect(ask([put], 'https://a.example', 'DELETE').notes).toEqual([expect.stringContaining('answered 403')])
    expect(ask([put], 'https://a.example', 'GET').notes).toEqual([expect.stringContaining('cannot read the answer')])
  })

  it('knows the settings of the server, and that foreign pages wait for a secret of its own', () => {
    expect(ask(undefined, 'http://localhost:3000', 'PUT').isAllowed).toBe(true)
    expect(ask(undefined, 'http://localhost:3000', 'DELETE').steps[0]?.reason).toContain('CORS_METHODS')
    const anyone = [rule({ allowedOrigins: ['*'] })]
    expect(ask(anyone, 'https://a.example', 'GET', '', 'localadmin').summary).toContain('localadmin still has')
    expect(ask(anyone, 'http://127.0.0.1:5173', 'GET', '', 'localadmin').isAllowed).toBe(true)
  })
})
