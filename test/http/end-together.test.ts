import http from 'node:http'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endTogether } from '#http/server/end-together.ts'

describe('answers that end together', () => {
  const server = http.createServer((request, response) => {
    response.setHeader('content-length', request.url?.length ?? 0)
    endTogether(response, request.url)
  })
  let port: number

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  /** The answers on one connection to these requests, sent at once. */
  const pipeline = (paths: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      let text = ''
      socket.setEncoding('latin1').on('data', (data: string) => {
        text += data
        if (paths.every((path) => text.includes(path))) socket.end()
      })
      socket.on('error', reject).on('close', () => resolve(text))
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    })

  it('each reach their own client, one at a time and many', async () => {
    for (const count of [1, 1, 40, 1, 40]) {
      const paths = Array.from({ length: count }, (_, i) => `/${count}-${i}`)
      expect(await Promise.all(paths.map(get))).toEqual(paths)
    }
    for (let i = 0; i < 40; i++) expect(await get(`/alone-${i}`)).toBe(`/alone-${i}`)
  })

  it('of one connection come in the order of its requests', async () => {
    const paths = Array.from({ length: 40 }, (_, i) => `/in-order-${String(i).padStart(2, '0')}`)
    const text = await pipeline(paths)
    expect(text.match(/\/in-order-\d\d/g)).toEqual(paths)
  })

  it('are not held up by a client that has gone', async () => {
    const gone = Array.from({ length: 20 }, () => {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('GET /gone HTTP/1.1\r\nHost: x\r\n\r\n', () => socket.resetAndDestroy())
      return socket
    })
    const paths = Array.from({ length: 40 }, (_, i) => `/there-${i}`)
    expect(await Promise.all(paths.map(get))).toEqual(paths)
    for (const socket of gone) socket.destroy()
  })
})
