/** Lists of identities longer than a page: each name can be reached, and found. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createGroup } from '#identity/accounts/groups.ts'
import { createPolicy } from '#identity/accounts/managed-policies.ts'
import { createUser } from '#identity/accounts/users.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor
const count = 250
const names = Array.from({ length: count }, (_, at) => `person-${String(at).padStart(3, '0')}`)

beforeAll(async () => {
  site = await startTestConsole()
  const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] }
  await site.opened.identities.change('000000000000', (account, nowMs) => {
    createGroup(account, { name: 'Staff', path: '/' }, nowMs)
    for (const name of names.toReversed()) {
      const user = createUser(account, { name, path: '/' }, nowMs)
      user.groups = ['staff']
      createPolicy(account, { name: `of-${name}`, path: '/', description: undefined, document }, nowMs)
    }
  })
  admin = await site.signIn()
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

/** The names on the page at `href` and on all following pages, as the script requests them. */
async function namesFrom(href: string): Promise<{ names: string[]; pages: number }> {
  const found: string[] = []
  let pages = 0
  for (let next: string | undefined = href; next !== undefined; pages++) {
    const { text, status } = await admin.get(pages === 0 ? next : `${next}&part=rows`)
    expect(status).toBe(200)
    if (pages > 0) expect(text).not.toContain('<html')
    found.push(...[...text.matchAll(/data-row-link>([^<]+)</g)].map(([, name = '']) => name))
    next = /data-next="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
  }
  return { names: found, pages }
}

it('go on from page to page, in the order of names', async () => {
  const { names: found, pages } = await namesFrom('/ui/iam')
  expect(pages).toBe(3)
  expect(found.filter((name) => name.startsWith('person-'))).toEqual(names)
  const policies = await namesFrom('/ui/iam/policies')
  expect(policies.names.slice(0, count)).toEqual(names.map((name) => `of-${name}`))
  expect(policies.names.slice(count)).toContain('AdministratorAccess')
})

it('are filtered by the server, also on the pages that follow', async () => {
  expect((await namesFrom('/ui/iam/users?filter=PERSON-24')).names).toEqual(names.slice(240))
  expect(await namesFrom('/ui/iam/users?filter=person')).toEqual({ names, pages: 3 })
  expect((await namesFrom('/ui/iam/policies?filter=of-person-001')).names).toEqual(['of-person-001'])
  const { text } = await admin.get('/ui/iam/users?filter=%3Cimg%20onerror%3E&after=%00')
  expect(text).toContain('No matches.')
  expect(text).not.toContain('<img onerror>')
})

it('count the members of a group', async () => {
  expect((await admin.get('/ui/iam/groups')).text).toMatch(/>Staff<[\s\S]*?<td class="right number">250<\/td>/)
})
