import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { websiteUrls } from '#console/settings/website/website-urls.ts'
import { visit } from '../../website/ask.ts'
import { bucketVisits } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

const page = '/ui/buckets/site/website'
let site: TestConsole
let admin: Visitor
const { at, put } = bucketVisits('site', () => admin)

beforeAll(async () => {
  site = await startTestConsole({ WEBSITE_DOMAINS: 'www.example.com=site' })
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'site' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const website = async () => site.store.findSetting(await site.store.getBucket('site'), 'website')
const host = { type: 'host', index: 'index.html', error: '', host: '', protocol: '' }
const rules = {
  prefix: ['docs/', ''],
  errorCode: ['', '404'],
  ruleHost: ['', 'www.example.org'],
  ruleProtocol: ['', 'https'],
  code: ['', '302'],
  replace: ['prefix', 'key'],
  replacement: ['documents/', 'gone.html'],
}

describe('the website page of a bucket', () => {
  it('is disabled until it is saved', async () => {
    expect((await admin.get(page)).text).toContain('The bucket is not served as a website.')
    expect((await admin.get('/ui/buckets/site/settings')).text).toContain(
      'Disabled: the bucket is not served as a website.',
    )
    expect(await website()).toBeUndefined()
  })

  it('saves the configuration as it is typed, and shows it again', async () => {
    const saved = await admin.follow(page, { ...host, error: 'error.html', ...rules, do: 'save' })
    expect(saved.text).toContain('Website saved')
    expect(await website()).toEqual({
      indexSuffix: 'index.html',
      errorKey: 'error.html',
      rules: [
        { condition: { keyPrefix: 'docs/' }, redirect: { replaceKeyPrefix: 'documents/' } },
        {
          condition: { errorCode: 404 },
          redirect: { hostName: 'www.example.org', protocol: 'https', code: 302, replaceKey: 'gone.html' },
        },
      ],
    })
    expect(saved.text).toMatch(/value="documents\/"[\s\S]*value="www\.example\.org"/)
    expect((await admin.get('/ui/buckets/site/settings')).text).toContain('the index document is')
  })

  it('adds and removes rules on the page, without saving them', async () => {
    const before = await website()
    expect((await admin.post(page, { ...host, ...rules, do: 'add' })).text).toMatch(/Not saved[\s\S]*Rule 3</)
    expect((await admin.post(page, { ...host, ...rules, do: 'remove 1' })).text).not.toContain('documents/')
    expect(await website()).toEqual(before)
  })

  it.each([
    ['an index document with a slash', { ...host, index: 'a/b' }, 'The IndexDocument Suffix is not well formed'],
    ['no index document', { ...host, index: '' }, 'The IndexDocument Suffix is not well formed'],
    ['a host with a path', { ...host, type: 'redirect', host: 'a.example/x' }, 'Enter a host name such as'],
    ['a rule that says nothing', { ...host, prefix: 'a/' }, 'Rule 1: it has no target to redirect to.'],
    [
      'a code that redirects nowhere',
      { ...host, prefix: 'a/', code: '200' },
      'Rule 1: The provided HTTP redirect code (200)',
    ],
    [
      'an error that is none',
      { ...host, prefix: '', errorCode: '200', code: '301' },
      'The provided HTTP error code (200)',
    ],
    [
      'words for a status',
      { ...host, prefix: '', errorCode: 'not', code: '301' },
      'Rule 1: HttpErrorCodeReturnedEquals is a status',
    ],
  ])('refuses %s, and keeps what was typed', async (_, fields, problem) => {
    const before = await website()
    const answer = await admin.post(page, { ...fields, do: 'save' })
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(problem)])
    expect(await website()).toEqual(before)
  })

  it('leads to the website at each of its hosts', async () => {
    const { text } = await admin.get(page)
    expect(text).toMatch(/href="http:\/\/www\.example\.com:\d+\/" target="_blank" rel="noopener noreferrer"/)
    expect(text).toMatch(/href="http:\/\/site\.s3-website\.localhost:\d+\/"/)
  })

  it('says that a bucket is not public, until it is', async () => {
    expect((await admin.get(page)).text).toContain('The bucket is not public: not everyone may read index.html')
    await admin.post('/ui/buckets/site/request-payment', { status: 'Requester' })
    expect((await admin.get(page)).text).toContain('The bucket is a Requester Pays bucket')
    await admin.post('/ui/buckets/site/request-payment', { status: 'BucketOwner' })
    await site.policies.put(
      'site',
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::site/*' }],
      }),
    )
    expect((await admin.get(page)).text).not.toContain('note-box warn')
  })

  it('tells what visitors of a path get', async () => {
    await put('index.html', 'home')
    await put('blog/index.html', 'blog')
    const answer = async (path: string) => (await admin.get(`${page}?path=${encodeURIComponent(path)}`)).text
    expect(await answer('/')).toContain('The object index.html is sent.')
    expect(await answer('/blog')).toMatch(
      />302<[\s\S]*The folder has an index document, blog\/index\.html\.[\s\S]*\/blog\//,
    )
    expect(await answer('/docs/a?b=c')).toMatch(
      />301<[\s\S]*Rule 1 redirects\.[\s\S]*www\.example\.com:\d+\/documents\/a\?b=c/,
    )
    expect(await answer('/absent')).toMatch(
      />403<[\s\S]*There is no object absent\. The error document is error\.html\./,
    )
    expect(await answer('/%zz')).toContain('The path cannot be decoded')
  })

  it('redirects everything, and is disabled again', async () => {
    await admin.post(page, { ...host, type: 'redirect', host: 'www.example.com', protocol: 'https', do: 'save' })
    expect(await website()).toEqual({ redirectAll: { hostName: 'www.example.com', protocol: 'https' } })
    expect((await admin.get(`${page}?path=/x`)).text).toContain('https://www.example.com/x')
    expect((await admin.follow(`${page}/remove`, {})).text).toContain('Website disabled')
    expect(await website()).toBeUndefined()
  })
})

describe('the redirect location of an object', () => {
  const version = () => site.store.headObject('site', 'old.html', undefined)
  const save = async (redirect: string) => {
    const { etag } = await version()
    return admin.post(at('metadata', 'old.html'), { etag, contentType: 'text/html', redirect })
  }

  it('is shown, changed and removed with its metadata', async () => {
    await put('old.html', 'old')
    expect((await save('/new.html')).status).toBe(303)
    expect(await version()).toMatchObject({
      websiteRedirectLocation: '/new.html',
      headers: { contentType: 'text/html' },
    })
    expect((await admin.get(at('metadata', 'old.html'))).text).toContain('value="/new.html"')
    expect((await admin.get(at('object', 'old.html'))).text).toContain('Website redirect location')
    expect((await save('')).status).toBe(303)
    expect((await version()).websiteRedirectLocation).toBeUndefined()
  })

  it('is a path or an address', async () => {
    const answer = await save('javascript:alert(1)')
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('The website redirect location must have a prefix of')
    expect((await version()).websiteRedirectLocation).toBeUndefined()
  })
})

describe('the activity', () => {
  it('has visits of websites, and a command that repeats them', async () => {
    const port = Number(new URL(await site.serveApi()).port)
    await admin.post(page, { ...host, do: 'save' })
    await visit(port, `site.s3-website.localhost:${port}`, '/index.html')
    const { text } = await admin.get('/ui/activity?bucket=site')
    expect(text).toContain('WEBSITE.GET.OBJECT')
    const [, id] = /\/ui\/activity\/([0-9A-F]{16})/.exec(text) ?? []
    const shown = await admin.get(`/ui/activity/${id}`)
    expect(shown.text).toMatch(/header (&#39;|.)host: site\.s3-website\.localhost:\d+/i)
    expect(shown.text).not.toContain('WEBSITE.GET.OBJECTCommand')
  })
})

describe('the addresses of a website', () => {
  const config = { apiPort: 5000, tls: undefined, websiteDomains: [] }
  const urls = (more: object) =>
    websiteUrls({ ...config, host: '127.0.0.1', apiBaseUrl: undefined, ...more } as never, { host: undefined }, 'b')
  it.each([
    [{}, ['http://b.s3-website.localhost:5000/']],
    [{ host: '192.0.2.1' }, []],
    [{ apiBaseUrl: 'https://s3.example.com' }, ['https://b.s3-website.s3.example.com/']],
    [
      { host: '192.0.2.1', websiteDomains: [{ domain: 'example.org', isWildcard: true }] },
      ['http://b.example.org:5000/'],
    ],
    [
      { websiteDomains: [{ domain: 'x.example', isWildcard: false, bucketName: 'other' }] },
      ['http://b.s3-website.localhost:5000/'],
    ],
  ])('with %j are %j', (settings, expected) => {
    expect(urls(settings)).toEqual(expected)
  })
})

describe('settings that are on or off', () => {
  const bucket = () => site.store.getBucket('site')
  const settings = '/ui/buckets/site/settings'

  it('say what they do, and are switched', async () => {
    expect((await admin.follow('/ui/buckets/site/request-payment', { status: 'Requester' })).text).toContain(
      'Requester Pays enabled',
    )
    expect((await bucket()).requesterPays).toBe(true)
    expect((await admin.follow('/ui/buckets/site/accelerate', { status: 'Enabled' })).text).toContain(
      'has no effect on this server',
    )
    expect(await site.store.findSetting(await bucket(), 'accelerate')).toEqual({ status: 'Enabled' })
    expect((await admin.follow('/ui/buckets/site/abac', { status: 'Enabled' })).text).toContain(
      'access control enabled',
    )
    expect((await bucket()).hasAbac).toBe(true)
    expect((await admin.get('/ui/buckets/site/tags')).text).toContain('They count for access')
  })

  it('take the rights of TagResource for tags that count', async () => {
    const deny = (Action: string, Condition: object) =>
      site.policies.put(
        'site',
        JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Deny', Principal: '*', Action, Resource: 'arn:aws:s3:::site', Condition }],
        }),
      )
    const tags = (name: string, value: string) => admin.post('/ui/buckets/site/tags', { name, value })
    await deny('s3:TagResource', { StringEquals: { 'aws:RequestTag/team': 'red' } })
    expect((await tags('team', 'red')).status).toBe(403)
    expect((await tags('team', 'blue')).status).toBe(303)
    expect((await bucket()).tags).toEqual({ team: 'blue' })
    await deny('s3:UntagResource', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team'] } })
    expect((await tags('', '')).status).toBe(403)
    expect((await admin.get(settings)).text).toContain('Edit tags')
  })
})
