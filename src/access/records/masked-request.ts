/** The part of a request's head that may be recorded: without secrets, and with a bounded length. */
import { percentDecode } from '#lib/text/uri.ts'
import { mask } from '#model/served-request.ts'

/** Marks the end of a text that was cut. */
export const cutMark = '…'

const headersMax = 64
const valueCharsMax = 512
const targetCharsMax = 2048
/** The maximum length of a policy in a form. */
const documentCharsMax = 6144
const formFieldsMax = 100
const formCharsMax = 16_384

/** Keys of customers are masked with their digests. */
const customerKey = 'customer-key(-md5)?$'
const secretHeader = new RegExp(
  `authorization|cookie|secret|password|token|${customerKey}|^x-access-key$|^x-amz-signature$`,
  'i',
)
/**
 * Parameters of presigned links and of the forms of IAM and STS. Continuation tokens and
 * PasswordResetRequired are not secrets.
 */
const secretParameter = new RegExp(`signature|password|secret|token|assertion|${customerKey}`, 'i')
const harmlessParameter = /^((next-)?continuation-token|PasswordResetRequired)$/i

/** Pairs of name and value as received. Secrets are masked, also in URLs inside a header. */
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

/** The fields of an urlencoded form, decoded, each cut, secrets masked. */
export function maskForm(body: Buffer): [name: string, value: string][] {
  const masked: [string, string][] = []
  let charsLeft = formCharsMax
  for (const [name, value] of new URLSearchParams(body.toString())) {
    if (masked.length >= formFieldsMax || charsLeft <= 0) break
    const shown = isSecret(name) ? mask : cut(value, Math.min(charsLeft, documentCharsMax))
    masked.push([cut(name, valueCharsMax), shown])
    charsLeft -= name.length + shown.length
  }
  return masked
}

function maskParameter(parameter: string): string {
  const [rawName = ''] = parameter.split('=', 1)
  if (rawName.length === parameter.length) return parameter
  const name = decodeOrKeep(rawName)
  return isSecret(name) ? `${rawName}=${mask}` : parameter
}

const isSecret = (name: string): boolean => secretParameter.test(name) && !harmlessParameter.test(name)

function decodeOrKeep(text: string): string {
  try {
    return percentDecode(text)
  } catch {
    return text
  }
}

const cut = (text: string, charsMax: number): string =>
  text.length <= charsMax ? text : `${text.slice(0, charsMax)}${cutMark}`
