/** `s3://[bucket[/prefix]][?endpoint=…&region=…&path-style=…]`: where an import takes objects from. */

export interface SourceAddress {
  /** Undefined: every bucket. */
  readonly bucket: string | undefined
  /** The prefix of the keys; '' for all. */
  readonly prefix: string
  /** Undefined: AWS. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  /** The bucket is in the path instead of the host name. */
  readonly isPathStyle: boolean
}

/** Throws an Error with a sentence. It never repeats the address, which may contain a secret by mistake. */
export function parseSourceAddress(text: string): SourceAddress {
  const [, bucket = '', prefix = '', query = ''] = /^s3:\/\/([^/?@:]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text) ?? []
  if (!text.startsWith('s3://') || (bucket === '' && prefix !== '') || !isWhole(text)) {
    throw new Error('--from needs an address such as s3://BUCKET/PREFIX?endpoint=https://HOST, without credentials.')
  }
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!known.includes(name)) throw new Error(`--from has ${known.join(', ')} after the question mark, not ${name}.`)
  }
  const endpoint = parameters.get('endpoint') ?? undefined
  return {
    bucket: bucket === '' ? undefined : bucket,
    prefix: decodeURIComponent(prefix),
    endpoint: endpoint === undefined ? undefined : checkedEndpoint(endpoint),
    region: parameters.get('region') ?? undefined,
    isPathStyle: flagOf(parameters.get('path-style'), endpoint !== undefined),
  }
}

const known = ['endpoint', 'region', 'path-style']

const isWhole = (text: string): boolean => !/^s3:\/\/[^/?]*[@:]/.test(text)

function checkedEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === undefined || !isWeb || url.username !== '' || url.password !== '') {
    throw new Error('The endpoint of --from must be an http or https address without credentials.')
  }
  return text
}

function flagOf(text: string | null, fallback: boolean): boolean {
  if (text === null) return fallback
  if (text === 'true' || text === 'false') return text === 'true'
  throw new Error('path-style of --from is true or false.')
}
