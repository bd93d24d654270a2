import http, { type Server } from 'node:http'
import { connect } from 'node:net'
import type { Express } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'

const servers: Server[] = []

async function serve(install: (app: Express) => void): Promise<number> {
  const server = createHttpServer({}, install)
  servers.push(server)
  return listen(server, '127.0.0.1', 0)
}

/** Everything the server sends to these bytes until it closes or `until` is found. */
function exchange(port: number, bytes: string, until = /$^/): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (piece) => {
      text += piece
      if (until.test(text)) socket.destroy()
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve(text))
  })
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => closeServer(server, 100)))
})

describe('the HTTP server', () => {
  it('gives requests and responses the prototypes that Express sets, before Express sets them', async () => {
    let same = false
    const port = await serve((app) =>
      app.use((request, response) => {
        same =
          Object.getPrototypeOf(request) === Reflect.get(app, 'request') &&
          request.constructor.name === 'Request' &&
          Object.getPrototypeOf(response) === Reflect.get(app, 'response')
        response.json({ path: request.path })
      }),
    )
    const answer = await fetch(`http://127.0.0.1:${port}/a?b`)
    expect(await answer.json()).toEqual({ path: '/a' })
    expect(answer.headers.get('x-powered-by')).toBeNull()
    expect(same).toBe(true)
  })

  it('answers bytes that are no request with XML', async () => {
    const port = await serve(() => {})
    const text = await exchange(port, 'NONSENSE\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1.1 400 [\s\S]*<Code>BadRequest<\/Code>/)
  })

  it.each([
    ['two of one value', 'Host: a\r\nHost: a'],
    ['two of two values', 'host: a\r\nX-Other: b\r\nHOST: b'],
    ['one that names two', 'Host: a, b'],
    ['one with a path', 'Host: a/b'],
    ['one with a user', 'Host: user@a'],
    ['one with half an address', 'Host: [::1'],
    ['none', 'X-Other: b'],
  ])('refuses a request with %s for its Host, before anything reads it', async (_title, lines) => {
    let isRead = false
    const port = await serve((app) =>
      app.use((_request, response) => {
        isRead = true
        response.end()
      }),
    )
    for (const more of ['', 'Content-Length: 1\r\nExpect: 100-continue\r\n', 'Expect: nonsense\r\n']) {
      expect(await exchange(port, `PUT / HTTP/1.1\r\n${lines}\r\n${more}\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect(isRead).toBe(false)
  })

  it.each(['a', 'a.b:5000', '127.0.0.1', '[::1]:5000', 'my_bucket.localhost', ''])(
    'takes %j for a Host',
    async (host) => {
      const port = await serve((app) => app.use((_request, response) => response.end('served')))
      expect(await exchange(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toContain('served')
    },
  )

  it('answers headers without end with XML', async () => {
    const port = await serve(() => {})
    const text = await exchange(port, `GET / HTTP/1.1\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`)
    expect(text).toContain('<Code>RequestHeaderSectionTooLarge</Code>')
  })

  it('answers a whole request though nonsense follows it, and then hangs up', async () => {
    const port = await serve((app) =>
      app.use((request, response) => {
        request.resume().once('end', () => setTimeout(() => response.end('whole'), 50))
      }),
    )
    const text = await exchange(port, 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nbar\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1.1 200 [\s\S]*whole$/)
  })

  it('answers a body that breaks off in nonsense with XML', async () => {
    const port = await serve((app) => app.use((request) => request.resume()))
    const text = await exchange(port, 'PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n')
    expect(text).toMatch(/^HTTP\/1.1 400 [\s\S]*<Code>BadRequest<\/Code>/)
  })

  it('passes over expectations that nobody knows', async () => {
    const port = await serve((app) => app.use((_request, response) => response.end('done')))
    const text = await exchange(port, 'GET / HTTP/1.1\r\nHost: x\r\nExpect: 200\r\nConnection: close\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1.1 200 [\s\S]*done/)
  })

  it('asks for the body of Expect: 100-continue only when its handler does', async () => {
    const port = await serve((app) =>
      app.use((request, response) => {
        if (request.url === '/no') response.writeHead(403).end()
        else {
          response.writeContinue()
          request.resume().once('end', () => response.end('done'))
        }
      }),
    )
    const head = (path: string) =>
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`
    expect(await exchange(port, head('/no'), /\r\n\r\n/)).toMatch(/^HTTP\/1.1 403/)
    expect(await exchange(port, head('/yes'), /\r\n\r\n/)).toMatch(/^HTTP\/1.1 100 Continue/)
  })

  it('finishes requests in flight when it closes', async () => {
    const waiting: (() => void)[] = []
    const port = await serve((app) => app.use((_request, response) => waiting.push(() => response.end('whole'))))
    const answer = new Promise<string>((resolve) => {
      http.get({ port, host: '127.0.0.1' }, (response) => {
        response.setEncoding('utf8').on('data', resolve)
      })
    })
    await expect.poll(() => waiting.length).toBe(1)
    const [server] = servers
    // Longer than this test may take.
    const closed = server && closeServer(server, 600_000)
    for (const end of waiting) end()
    expect(await answer).toBe('whole')
    await closed
  })

  it.each([
    ['nothing', ''],
    ['half a head', 'GET / HTTP/1.1\r\nHo'],
    ['a whole request, answered', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('closes at once though a connection has sent %s', async (_, bytes) => {
    const port = await serve((app) => app.use((_request, response) => response.end('done')))
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes)).on('error', () => {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    const closed = new Promise((resolve) => socket.resume().once('close', resolve))
    const [server] = servers
    // Far longer than this test may take.
    if (server) await closeServer(server, 600_000)
    await closed
  })

  it('refuses what would need more descriptors than there are, and serves again when there are', async () => {
    const limits = { descriptors: 6, connections: 100, connectionsMax: 100 }
    const waiting: (() => void)[] = []
    const server = createHttpServer({ limits }, (app) =>
      app.use((request, response) => {
        if (request.url === '/slow') waiting.push(() => response.end('done'))
        else response.end('done')
      }),
    )
    servers.push(server)
    const port = await listen(server, '127.0.0.1', 0)
    const ask = (path: string) => exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const slow = [ask('/slow'), ask('/slow')]
    await expect.poll(() => waiting.length).toBe(2)
    expect(await ask('/')).toMatch(/^HTTP\/1.1 503 [\s\S]*<Code>SlowDown<\/Code>/)
    expect(await ask('/healthz')).toMatch(/^HTTP\/1.1 200/)
    for (const answer of waiting) answer()
    for (const text of await Promise.all(slow)) expect(text).toMatch(/^HTTP\/1.1 200/)
    expect(await ask('/')).toMatch(/^HTTP\/1.1 200/)
  })

  it('counts what is asked in advance on a connection, and forgets it when the connection breaks', async () => {
    const limits = { descriptors: 6, connections: 100, connectionsMax: 100 }
    const server = createHttpServer({ limits }, (app) =>
      app.use((request, response) => {
        if (request.url !== '/slow') response.end('done')
      }),
    )
    servers.push(server)
    const port = await listen(server, '127.0.0.1', 0)
    const slow = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'
    const ask = () => exchange(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const socket = connect(port, '127.0.0.1', () => socket.write(slow.repeat(5))).on('error', () => {})
    await expect.poll(ask).toMatch(/^HTTP\/1.1 503/)
    socket.destroy()
    await expect.poll(ask).toMatch(/^HTTP\/1.1 200/)
  })
})
