/** Where the S3 API is: for this process, and for the reader's clients. */
import type { ConsoleSettings } from './console.ts'

export function apiUrls({ mode, host, apiPort, apiBaseUrl, tls }: ConsoleSettings): {
  internal: string
  shown: string
} {
  const reachable = /^(0\.0\.0\.0|::)$/.test(host) ? '127.0.0.1' : host
  const local = `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${apiPort}`
  const base = apiBaseUrl?.replace(/\/+$/, '')
  return { internal: mode === 'ui' && base !== undefined ? base : local, shown: base ?? local }
}
