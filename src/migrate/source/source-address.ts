/** `s3://[bucket[/prefix]][?endpoint=…&region=…&path-style=…]`: where an import takes objects from. */
import * as z from 'zod'
import { pathStyle } from '#config/addresses.ts'
import { parameter, readParameters } from '#config/parameters.ts'

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

const parameters = {
  endpoint: parameter(z.string().refine(isServer).optional(), 'an http or https address without credentials'),
  region: parameter(z.string().min(1).optional(), 'the name of a region'),
  'path-style': pathStyle,
}

/** Throws an Error with a sentence. It never repeats the address, which may contain a secret by mistake. */
export function parseSourceAddress(text: string): SourceAddress {
  const [, bucket = '', path = '', query = ''] = /^s3:\/\/([^/?@:]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text) ?? []
  const prefix = decodeText(path)
  if (!text.startsWith('s3://') || (bucket === '' && path !== '') || prefix === undefined || !isWhole(text)) {
    throw new Error('--from needs an address such as s3://BUCKET/PREFIX?endpoint=https://HOST, without credentials.')
  }
  const mistakes: string[] = []
  const given = readParameters(query, parameters, mistakes)
  if (given === undefined) throw new Error(mistakes.map((mistake) => `--from ${mistake}`).join('\n'))
  const { endpoint, region, 'path-style': isPathStyle = endpoint !== undefined } = given
  return { bucket: bucket === '' ? undefined : bucket, prefix, endpoint, region, isPathStyle }
}

const isWhole = (text: string): boolean => !/^s3:\/\/[^/?]*[@:]/.test(text)

function isServer(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === ''
}

function decodeText(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
