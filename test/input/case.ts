/** The rows of the tables of bad input: an operation, its request line, and the mistake in it. */
import type { Asked } from './api.ts'

export interface BadCase extends Asked {
  readonly operation: string
  readonly title: string
  /** Status and code, as `400 InvalidArgument`; a HEAD has no code. */
  readonly answers: string
  /** Part of the message. */
  readonly says?: string
}

export type Given = Omit<Asked, 'line'> & { readonly says?: string }

/**
 * A row's request: another line instead of the usual one; or an addition to its query, after `?` or `&`; or headers and
 * body; or both. `{upload}` is the upload in progress, `{version}` a version's id.
 */
type Row = readonly [title: string, request: string | Given | readonly [line: string, given: Given], answers: string]

export function table(operation: string, usual: string, common: Given, rows: readonly Row[]): BadCase[] {
  return rows.map(([title, request, answers]) => {
    const [line, given]: readonly [string, Given] =
      typeof request === 'string' ? [request, {}] : isPair(request) ? request : ['', request]
    const headers = Array.isArray(given.headers) ? given.headers : { ...common.headers, ...given.headers }
    return { ...common, ...given, headers, operation, title, answers, line: lineOf(usual, line) }
  })
}

const isPair = (request: unknown): request is readonly [string, Given] => Array.isArray(request)

function lineOf(usual: string, line: string): string {
  if (line === '') return usual
  if (line.startsWith('?') || line.startsWith('&')) return `${usual}${usual.includes('?') ? '&' : '?'}${line.slice(1)}`
  return line
}
