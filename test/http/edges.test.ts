import { describe, expect, it } from 'vitest'
import { applyCors, createCors } from '#http/cors.ts'
import { RateLimiter } from '#http/rate-limit.ts'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'

describe('the rate limit', () => {
  it('lets a burst of the whole limit pass, then says when to come back, then refills', () => {
    const limiter = new RateLimiter({ requests: 2, windowMs: 10_000 })
    expect([limiter.take('a', 0).isAllowed, limiter.take('a', 0).isAllowed]).toEqual([true, true])
    expect(limiter.take('a', 0)).toEqual({ isAllowed: false, retryAfterSeconds: 5 })
    expect(limiter.take('b', 0).isAllowed).toBe(true)
    expect(limiter.take('a', 5000).isAllowed).toBe(true)
  })

  it('throws SlowDown with Retry-After', () => {
    const limiter = new RateLimiter({ requests: 1, windowMs: 60_000 })
    limiter.assert('a')
    expect(() => limiter.assert('a')).toThrow(expect.objectContaining({ code: 'SlowDown', status: 503 }))
  })
})

describe('cross-origin requests', () => {
  const ask = async (origins: string[], init: RequestInit) => {
    const cors = createCors({ origins, methods: ['GET', 'PUT'], allowHeaders: ['*'] })
    const server = createHttpServer({}, (app) =>
      app.use(
        (request, response, next) => applyCors(cors, request, response, next),
        (_request, response) => response.end('passed'),
      ),
    )
    const port = await listen(server, '127.0.0.1', 0)
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/`, init)
      return { status: answer.status, headers: answer.headers, text: await answer.text() }
    } finally {
      await closeServer(server, 100)
    }
  }

  it('answers a preflight itself, with the headers that were asked for', async () => {
    const headers = {
      origin: 'https://a.example',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,x-amz-date',
    }
    const answer = await ask(['*'], { method: 'OPTIONS', headers })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization,x-amz-date')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })

  it('names only origins on the list', async () => {
    const allowed = await ask(['https://a.example'], { headers: { origin: 'https://a.example' } })
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(allowed.headers.get('vary')).toBe('Origin')
    const other = await ask(['https://a.example'], { headers: { origin: 'https://b.example' } })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
    expect(other.text).toBe('passed')
  })

  it.each([
    ['http://localhost:3000', true],
    ['https://app.localhost', true],
    ['http://127.0.0.1:8080', true],
    ['http://[::1]', true],
    ['http://localhost.evil.example', false],
    ['http://127.0.0.1.nip.io', false],
    ['chrome-extension://localhost', false],
    ['null', false],
  ])('counts %s as local: %s', async (origin, isLocal) => {
    const { headers } = await ask(['local'], { headers: { origin } })
    expect(headers.get('access-control-allow-origin')).toBe(isLocal ? origin : null)
  })

  it('adds nothing to requests without an origin', async () => {
    const answer = await ask(['*'], {})
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })
})
