/** Requests that name a host of their own, which fetch does not let a caller choose. */
import http from 'node:http'
import { text } from 'node:stream/consumers'

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Visited {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  readonly location: string | undefined
}

export function visit(
  port: number,
  host: string,
  path: string,
  { method = 'GET', headers, body }: Asked = {},
): Promise<Visited> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, method, headers: { ...headers, host }, agent: false }
    const request = http.request(options, (response) => {
      const answered = { status: response.statusCode ?? 0, headers: response.headers }
      const { location } = response.headers
      text(response).then((received) => resolve({ ...answered, body: received, location }), reject)
    })
    request.once('error', reject)
    request.end(body)
  })
}
