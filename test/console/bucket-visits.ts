/** Actions of a visitor on the objects of one bucket. */
import type { Visitor } from './start-console.ts'

export function bucketVisits(bucket: string, visitor: () => Visitor) {
  const at = (page: string, key: string, more = ''): string =>
    `/ui/buckets/${bucket}/${page}?key=${encodeURIComponent(key)}${more}`
  return {
    at,
    put: (key: string, bytes: string | Buffer) =>
      visitor()
        .agent.put(at('upload', key))
        .set('x-csrf-token', visitor().token())
        .set('accept', 'application/json')
        .type('application/octet-stream')
        .send(bytes),
    read: async (key: string, more = '') =>
      (await visitor().get(at('content', key, `&download=1${more}`))).body as Buffer,
  }
}

/** Keys and prefixes that a page lists. */
export const rowsOf = (html: string): (string | undefined)[] =>
  [...html.matchAll(/(?:checkbox|hidden)" name="(?:key|prefix)" value="([^"]+)"/g)].map(([, key]) => key)
