/** What may be kept of a request's head: nothing in it lets anybody in, and nothing is long. */
import { percentDecode } from '#lib/uri.ts'

export const mask = '********'

const headersMax = 64
const valueCharsMax = 512
const targetCharsMax = 2048

const secretHeader = /authorization|cookie|secret|password|token|customer-key$|^x-access-key$|^x-amz-signature$/i
/** Of presigned links and of the forms of IAM and STS. Where a listing goes on is no secret. */
const secretParameter = /signature|password|secret|token/i
const harmlessParameter = /^(next-)?continuation-token$/i

/** Name, value pairs as received; secrets masked, also in addresses that a header holds. */
export function maskHeaders(rawHeaders: readonly string[]): [name: string, value: string][] {
  const masked: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length && masked.length < headersMax; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    masked.push([name.slice(0, valueCharsMax), secretHeader.test(name) ? mask : cut(maskTarget(value), valueCharsMax)])
  }
  return masked
}

/** Path and query as received; the values of secret parameters masked. */
export function maskTarget(target: string): string {
  const at = target.indexOf('?')
  if (at === -1) return cut(target, targetCharsMax)
  const parameters = target
    .slice(at + 1)
    .split('&')
    .map(maskParameter)
  return cut(`${target.slice(0, at)}?${parameters.join('&')}`, targetCharsMax)
}

function maskParameter(parameter: string): string {
  const [rawName = ''] = parameter.split('=', 1)
  if (rawName.length === parameter.length) return parameter
  const name = decodeOrKeep(rawName)
  return secretParameter.test(name) && !harmlessParameter.test(name) ? `${rawName}=${mask}` : parameter
}

function decodeOrKeep(text: string): string {
  try {
    return percentDecode(text)
  } catch {
    return text
  }
}

const cut = (text: string, charsMax: number): string => (text.length <= charsMax ? text : `${text.slice(0, charsMax)}…`)
