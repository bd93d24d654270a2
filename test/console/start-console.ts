/** The console in this process, for three users, and visitors of it. */
import { rename, writeFile } from 'node:fs/promises'
import { pino } from 'pino'
import request from 'supertest'
import type { Clock } from '#lib/clock.ts'
import { startProgram, type TestProgram } from '../support/program.ts'

const users = [
  { access_key: 'admin', secret_key: 'admin-secret', display_name: 'Ada', policies: [{ bucket: '*', actions: ['*'] }] },
  {
    access_key: 'reader',
    secret_key: 'reader-secret',
    display_name: 'Rea',
    policies: [{ bucket: 'open', actions: ['list', 'read'] }],
  },
  {
    access_key: 'other',
    secret_key: 'other-secret',
    display_name: 'Otto',
    account: '111111111111',
    policies: [{ bucket: '*', actions: ['*'] }],
  },
]

export interface TestConsole {
  readonly url: string
  readonly root: string
  readonly store: TestProgram['opened']['services']['store']
  readonly policies: TestProgram['opened']['policies']
  readonly opened: TestProgram['opened']
  /** Errors in the log, which are bugs. */
  readonly errors: unknown[]
  serveApi: TestProgram['serveApi']
  signIn(name?: 'admin' | 'reader' | 'other'): Promise<Visitor>
  visitor(): Visitor
  writeUsers(change: (all: typeof users) => object[]): Promise<void>
  close(): Promise<void>
}

export type Visitor = ReturnType<typeof createVisitor>

export async function startTestConsole(
  env: Readonly<Record<string, string>> = {},
  options: { port?: number; clock?: Clock } = {},
): Promise<TestConsole> {
  const errors: unknown[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(JSON.parse(line)) })
  const program = await startProgram('console', {
    iam: { users },
    env: { DURABILITY: 'none', STORAGE_WATCH: 'on', ...env },
    isPrimary: false,
    log,
    ...options,
  })
  const { url, iamPath, opened } = program
  const writeUsers: TestConsole['writeUsers'] = async (change) => {
    await writeFile(`${iamPath}.new`, JSON.stringify({ users: change(structuredClone(users)) }))
    await rename(`${iamPath}.new`, iamPath)
  }
  return {
    url,
    root: program.dataFolder,
    store: opened.services.store,
    policies: opened.policies,
    opened,
    errors,
    serveApi: program.serveApi,
    writeUsers,
    visitor: () => createVisitor(url),
    async signIn(name = 'admin') {
      const visitor = createVisitor(url)
      await visitor.signIn(name, `${name}-secret`)
      return visitor
    },
    close: program.close,
  }
}

/** A browser without scripts: keeps cookies, and takes the CSRF token from the page it last saw. */
export function createVisitor(url: string) {
  const agent = request.agent(url)
  let token = ''
  const remember = (html: string) => {
    token = /name="csrf" (?:content|value)="([^"]+)"/.exec(html)?.[1] ?? token
  }
  const visitor = {
    agent,
    token: () => token,
    async get(path: string) {
      const answer = await agent.get(path)
      remember(answer.text ?? '')
      return answer
    },
    /** Sent like a form without scripts. */
    post(path: string, fields: Readonly<Record<string, string | string[]>> = {}) {
      return agent
        .post(path)
        .type('form')
        .send({ csrf: token, ...fields })
    },
    /** Sent like a form without scripts; returns the page that it redirects to. */
    async follow(path: string, fields: Readonly<Record<string, string | string[]>> = {}) {
      const answer = await visitor.post(path, fields)
      return answer.status === 303 ? visitor.get(String(answer.headers.location)) : answer
    },
    /** Sent like a script. */
    json(method: 'post' | 'put' | 'delete', path: string, body?: object) {
      return agent[method](path).set('x-csrf-token', token).set('accept', 'application/json').send(body)
    },
    async signIn(name: string, secret: string) {
      await visitor.get('/ui/sign-in')
      const answer = await visitor.post('/ui/sign-in', { name, secret })
      await visitor.get('/ui')
      return answer
    },
  }
  return visitor
}
