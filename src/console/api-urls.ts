/** URLs of the S3 API: for this process, and for the visitor's clients. */
import type { ConsoleSettings } from './console-settings.ts'
import type { Visit } from './page.ts'

const anyAddress = /^(0\.0\.0\.0|::)$/

/** The URL for this process. */
export function internalApiUrl({ mode, host, apiPort, apiBaseUrl, tls }: ConsoleSettings): string {
  if (mode === 'ui' && apiBaseUrl !== undefined) return new URL(apiBaseUrl).origin
  return apiUrl(anyAddress.test(host) ? '127.0.0.1' : host, { apiPort, tls })
}

/**
 * The URL for the visitor: API_BASE_URL. Without it, a server that listens on every address is shown under the host
 * name in the visitor's browser.
 */
export function shownApiUrl(settings: ConsoleSettings, { host: visited }: Pick<Visit, 'host'>): string {
  const { host, apiBaseUrl } = settings
  if (apiBaseUrl !== undefined) return new URL(apiBaseUrl).origin
  return apiUrl(anyAddress.test(host) ? (hostnameOf(visited) ?? '127.0.0.1') : host, settings)
}

function apiUrl(host: string, { apiPort, tls }: Pick<ConsoleSettings, 'apiPort' | 'tls'>): string {
  return `${tls ? 'https' : 'http'}://${/^[^[].*:/.test(host) ? `[${host}]` : host}:${apiPort}`
}

/** Host appears in a command only if it is a host name. */
function hostnameOf(host: string | undefined): string | undefined {
  const [, name] = /^([a-z0-9](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  return name
}
