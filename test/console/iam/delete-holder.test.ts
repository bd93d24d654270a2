/**
 * Deleting a user, a group or a role needs every permission that removing its parts through IAM's API needs, before
 * anything is removed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor
let keeper: Visitor

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/iam/users', { name: 'keeper' })
  await admin.post('/ui/iam/users/keeper/password', { password: 'correct horse' })
  keeper = site.visitor()
  await keeper.signIn('keeper', 'correct horse')
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const readOnly = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
const account = 'arn:aws:iam::000000000000'
const anything = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
})
const stored = () => readFileSync(join(site.root, '.myfsio.sys/config/iam.json'), 'utf8')

async function allowKeeper(statements: readonly object[]): Promise<void> {
  const Statement = statements.map((one) => ({ Effect: 'Allow', Resource: '*', ...one }))
  const document = JSON.stringify({ Version: '2012-10-17', Statement })
  const answer = await admin.post('/ui/iam/users/keeper/inline', { policyName: 'may', document })
  expect(answer.status).toBe(303)
}

async function makeGrace(): Promise<void> {
  await admin.post('/ui/iam/groups', { name: 'team' })
  for (const [path, fields] of [
    ['users', { name: 'grace' }],
    ['users/grace/keys', {}],
    ['users/grace/password', { password: 'battery staple' }],
    ['users/grace/inline', { policyName: 'all', document: anything }],
    ['users/grace/attach', { policy: readOnly }],
    ['users/grace/groups/join', { group: 'team' }],
  ] as const) {
    expect([path, (await admin.post(`/ui/iam/${path}`, fields)).status < 400]).toEqual([path, true])
  }
}

describe('deleting a user', () => {
  const needed = [
    { Action: 'iam:DeleteUser', Resource: `${account}:user/grace` },
    { Action: 'iam:DeleteAccessKey' },
    { Action: 'iam:DeleteLoginProfile' },
    { Action: 'iam:DeleteUserPolicy' },
    { Action: 'iam:DetachUserPolicy', Condition: { ArnEquals: { 'iam:PolicyARN': readOnly } } },
    { Action: 'iam:RemoveUserFromGroup', Resource: `${account}:group/team` },
  ]

  it('needs the permission for all that the user holds, and changes nothing without one of them', async () => {
    await makeGrace()
    const reading = [{ Action: 'iam:GetUser' }]
    for (const missing of needed) {
      await allowKeeper([...reading, ...needed.filter((one) => one !== missing)])
      const before = stored()
      expect((await keeper.get('/ui/iam/users/grace')).text).not.toContain('Danger zone')
      const answer = await keeper.post('/ui/iam/users/grace/delete')
      expect([missing.Action, answer.status]).toEqual([missing.Action, 403])
      expect(answer.text).toContain(missing.Action)
      expect(stored()).toBe(before)
    }
    await allowKeeper([...reading, ...needed])
    expect((await keeper.get('/ui/iam/users/grace')).text).toContain('Danger zone')
    expect((await keeper.post('/ui/iam/users/grace/delete')).headers.location).toBe('/ui/iam/users')
    expect((await admin.get('/ui/iam/users/grace')).status).toBe(404)
  })

  it('needs no more than that for one who holds nothing', async () => {
    await admin.post('/ui/iam/users', { name: 'bare' })
    await allowKeeper([{ Action: 'iam:DeleteUser' }])
    expect((await keeper.post('/ui/iam/users/bare/delete')).status).toBe(303)
  })
})

describe('deleting groups, roles and policies', () => {
  it('needs the permission for what they hold', async () => {
    await admin.post('/ui/iam/groups', { name: 'crew' })
    await admin.post('/ui/iam/groups/crew/attach', { policy: readOnly })
    await allowKeeper([{ Action: 'iam:DeleteGroup' }])
    expect((await keeper.post('/ui/iam/groups/crew/delete')).text).toContain('iam:DetachGroupPolicy')
    await allowKeeper([{ Action: ['iam:DeleteGroup', 'iam:DetachGroupPolicy'] }])
    expect((await keeper.post('/ui/iam/groups/crew/delete')).status).toBe(303)
  })

  it('needs the permission for the versions of a policy', async () => {
    const made = await admin.post('/ui/iam/policies', { name: 'mine', document: anything })
    const href = made.headers.location ?? ''
    await admin.post(href, { document: anything })
    const remove = href.replace('/policy?', '/policy/delete?')
    await allowKeeper([{ Action: 'iam:DeletePolicy' }])
    expect((await keeper.post(remove)).text).toContain('iam:DeletePolicyVersion')
    for (let count = 0; count < 3; count++) await admin.post(href, { document: anything })
    await allowKeeper([{ Action: 'iam:CreatePolicyVersion' }])
    expect((await keeper.post(href, { document: anything })).status).toBe(403)
    await allowKeeper([{ Action: ['iam:DeletePolicy', 'iam:DeletePolicyVersion'] }])
    expect((await keeper.post(remove)).status).toBe(303)
  })
})

describe('a permissions boundary', () => {
  it('is set and lifted, and limits what the policies allow', async () => {
    await admin.post('/ui/buckets', { name: 'plans' })
    await admin.post('/ui/iam/users', { name: 'alan' })
    await admin.post('/ui/iam/users/alan/password', { password: 'correct horse' })
    await admin.post('/ui/iam/users/alan/inline', { policyName: 'all', document: anything })
    const alan = site.visitor()
    await alan.signIn('alan', 'correct horse')
    expect((await alan.get('/ui/buckets/plans')).status).toBe(200)
    const limits = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess'
    expect((await admin.post('/ui/iam/users/alan/boundary', { policy: limits })).status).toBe(303)
    expect((await alan.get('/ui/buckets/plans')).status).toBe(403)
    expect((await admin.get('/ui/iam/users/alan')).text).toContain('>IAMReadOnlyAccess</a>, whatever')
    expect((await admin.post('/ui/iam/users/alan/boundary/remove')).status).toBe(303)
    expect((await alan.get('/ui/buckets/plans')).status).toBe(200)
    expect((await admin.post('/ui/iam/users/alan/boundary/remove')).status).toBe(404)
  })

  it('needs its own permission, an existing policy, and a user or a role', async () => {
    for (const policy of ['', 'nonsense', `${account}:policy/absent`, '<img src=x onerror=1>']) {
      const answer = await admin.post('/ui/iam/users/alan/boundary', { policy })
      expect([policy, answer.status >= 400 && answer.status < 500]).toEqual([policy, true])
      expect(answer.text).not.toContain('<img src=x')
    }
    await admin.post('/ui/iam/groups', { name: 'bounded' })
    expect((await admin.post('/ui/iam/groups/bounded/boundary', { policy: readOnly })).status).toBe(404)
    await allowKeeper([
      { Action: 'iam:PutUserPermissionsBoundary', Condition: { ArnEquals: { 'iam:PermissionsBoundary': readOnly } } },
      { Action: 'iam:GetUser' },
    ])
    const set = (policy: string) => keeper.post('/ui/iam/users/alan/boundary', { policy })
    expect((await set('arn:aws:iam::aws:policy/AdministratorAccess')).status).toBe(403)
    expect((await set(readOnly)).status).toBe(303)
    expect((await keeper.post('/ui/iam/users/alan/boundary/remove')).status).toBe(403)
  })
})

describe('a service-linked role', () => {
  const role = {
    name: 'AWSServiceRoleForECS',
    path: '/aws-service-role/ecs.amazonaws.com/',
    linkedService: 'ecs.amazonaws.com',
    trust: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    attached: ['arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy'],
  }
  const page = `/ui/iam/roles/${role.name}`

  it('cannot be changed, and is deleted by who may do iam:DeleteServiceLinkedRole', async () => {
    const document = JSON.parse(stored())
    document.accounts[0].roles.push(role)
    writeFileSync(join(site.root, '.myfsio.sys/config/iam.json'), JSON.stringify(document))
    await vi.waitFor(async () => expect((await admin.get(page)).status).toBe(200), 10_000)
    const changed = await admin.post(`${page}/attach`, { policy: readOnly })
    expect([changed.status, changed.text]).toEqual([
      400,
      expect.stringContaining('this role is only modifiable by AWS'),
    ])

    await allowKeeper([{ Action: ['iam:GetRole', 'iam:DeleteRole', 'iam:DetachRolePolicy'] }])
    expect((await keeper.post(`${page}/delete`)).status).toBe(403)
    await allowKeeper([{ Action: ['iam:GetRole', 'iam:DeleteServiceLinkedRole'] }])
    expect((await keeper.get(page)).text).toContain('Danger zone')
    expect((await keeper.post(`${page}/delete`)).headers.location).toBe('/ui/iam/roles')
    expect((await admin.get(page)).status).toBe(404)
  })
})
