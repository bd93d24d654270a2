/** A whole console in this process, on the real store in a folder of its own. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import request from 'supertest'
import { domainOf } from '#app/console.ts'
import { loadConfig } from '#config/config.ts'
import { describeConfig } from '#config/describe.ts'
import { createConsole } from '#console/console.ts'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'
import type { Clock } from '#lib/clock.ts'
import { type OpenServices, openServices } from '../../src/app/services.ts'

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
  readonly store: OpenServices['services']['store']
  readonly policies: OpenServices['policies']
  /** For an API on the same services. */
  readonly opened: OpenServices
  /** What was logged as an error: bugs. */
  readonly errors: unknown[]
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
  const root = await mkdtemp(join(tmpdir(), 'myfsio-console-'))
  const data = join(root, 'data')
  await mkdir(join(data, '.myfsio.sys', 'config'), { recursive: true })
  const iamPath = join(data, '.myfsio.sys', 'config', 'iam.json')
  const writeUsers: TestConsole['writeUsers'] = async (change) => {
    await writeFile(`${iamPath}.new`, JSON.stringify({ users: change(structuredClone(users)) }))
    await rename(`${iamPath}.new`, iamPath)
  }
  await writeUsers((all) => all)
  const settings = {
    STORAGE_ROOT: data,
    SECRET_KEY: 'a-secret-for-tests',
    DURABILITY: 'none',
    ...env,
  }
  const config = loadConfig([], settings, root)
  const errors: unknown[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(JSON.parse(line)) })
  const bootstrap = { accessKey: 'x', secretKey: 'x' }
  const open = await openServices({ config, isPrimary: false, bootstrap, ...options }, log)
  const packageRoot = fileURLToPath(new URL('../..', import.meta.url))
  const console = createConsole({
    services: domainOf(open),
    config,
    settings: describeConfig(config),
    version: '9.9.9',
    packageRoot,
    localRequests: open.localRequests,
    log,
  })
  const server = createHttpServer({}, console.install)
  const port = await listen(server, '127.0.0.1', options.port ?? 0)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    root: data,
    store: open.services.store,
    policies: open.policies,
    opened: open,
    errors,
    writeUsers,
    visitor: () => createVisitor(url),
    async signIn(name = 'admin') {
      const visitor = createVisitor(url)
      await visitor.signIn(name, `${name}-secret`)
      return visitor
    },
    async close() {
      await closeServer(server, 0)
      await open.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** A browser without scripts: keeps cookies, and takes the CSRF token from the page it last saw. */
function createVisitor(url: string) {
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
    /** As a form without scripts sends it. */
    post(path: string, fields: Readonly<Record<string, string | string[]>> = {}) {
      return agent
        .post(path)
        .type('form')
        .send({ csrf: token, ...fields })
    },
    /** As a form without scripts sends it, and the page that it leads to. */
    async follow(path: string, fields: Readonly<Record<string, string | string[]>> = {}) {
      const answer = await visitor.post(path, fields)
      return answer.status === 303 ? visitor.get(String(answer.headers.location)) : answer
    },
    /** As a script sends it. */
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
