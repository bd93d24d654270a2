/** Checks the health of the API over HTTP, from this process. */
import http from 'node:http'
import https from 'node:https'

export type ApiHealth =
  | { readonly isUp: true; readonly milliseconds: number; readonly version: string | undefined }
  | { readonly isUp: false; readonly reason: string }

const timeoutMs = 2000
const answerMaxBytes = 4096

export function checkApi(baseUrl: string): Promise<ApiHealth> {
  const startedAt = performance.now()
  const client = baseUrl.startsWith('https:') ? https : http
  return new Promise((resolve) => {
    const fail = (reason: string) => resolve({ isUp: false, reason })
    // The certificate is our own and often self-signed, and nothing secret is sent.
    const options = { timeout: timeoutMs, rejectUnauthorized: false, agent: false }
    const request = client.get(new URL('/healthz', baseUrl), options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        if (text.length < answerMaxBytes) text += piece
      })
      response.once('error', () => fail('its answer was incomplete'))
      response.once('end', () => {
        if (response.statusCode !== 200) return fail(`it answered ${response.statusCode}`)
        resolve({ isUp: true, milliseconds: Math.round(performance.now() - startedAt), version: versionIn(text) })
      })
    })
    request.once('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
    request.once('error', (error: NodeJS.ErrnoException) => fail(reasons[error.code ?? ''] ?? 'it cannot be reached'))
  })
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ETIMEDOUT: 'it did not answer in time',
  ENOTFOUND: 'its host name is unknown',
}

function versionIn(text: string): string | undefined {
  try {
    const status: unknown = JSON.parse(text)
    return typeof status === 'object' && status !== null && 'version' in status ? String(status.version) : undefined
  } catch {
    return undefined
  }
}
