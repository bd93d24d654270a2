import { elementAt, elementsAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import {
  assertWebsite,
  badArgument,
  type Redirect,
  type RoutingRule,
  type Website,
} from '#model/bucket/website/website.ts'
import { limits } from '#model/limits.ts'
import { type BucketSetting, inOwnRow, xmlDocument } from '#s3/bucket/setting.ts'
import type { XmlContent } from '#s3/operation.ts'
import { assertOnly } from '#s3/request/documents/read-xml.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html */
export const website: BucketSetting<Website> = {
  subresource: 'website',
  get: { name: 'GetBucketWebsite', action: 's3:GetBucketWebsite' },
  put: { name: 'PutBucketWebsite', action: 's3:PutBucketWebsite', needsChecksum: true, maxBytes: limits.websiteBytes },
  delete: { name: 'DeleteBucketWebsite', action: 's3:DeleteBucketWebsite' },
  missing: 'NoSuchWebsiteConfiguration',
  document: xmlDocument({
    root: 'WebsiteConfiguration',
    lists: ['RoutingRule'],
    parse(content) {
      assertOnly(content, ['RedirectAllRequestsTo', 'IndexDocument', 'ErrorDocument', 'RoutingRules'])
      const read = content.RedirectAllRequestsTo === undefined ? readServed(content) : readRedirectAll(content)
      assertWebsite(read)
      return read
    },
    format: (value) => ('redirectAll' in value ? writeRedirectAll(value) : writeServed(value)),
  }),
  kept: inOwnRow('website'),
}

type RedirectingWebsite = Extract<Website, { redirectAll: unknown }>
type ServedWebsite = Exclude<Website, RedirectingWebsite>

function readRedirectAll(content: XmlElements): RedirectingWebsite {
  if (['IndexDocument', 'ErrorDocument', 'RoutingRules'].some((name) => content[name] !== undefined)) {
    const message = 'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.'
    throw badArgument(message, 'RedirectAllRequestsTo', 'not null')
  }
  const target = elementAt(content, 'RedirectAllRequestsTo') ?? {}
  assertOnly(target, ['HostName', 'Protocol'])
  const [hostName, protocol] = [textAt(target, 'HostName'), textAt(target, 'Protocol')]
  if (hostName === undefined) throw new Error('HostName is required')
  return { redirectAll: { hostName, ...(protocol !== undefined && { protocol }) } }
}

function writeRedirectAll({ redirectAll: { hostName, protocol } }: RedirectingWebsite): XmlContent {
  return { RedirectAllRequestsTo: { HostName: hostName, Protocol: protocol } }
}

function readServed(content: XmlElements): ServedWebsite {
  const indexSuffix = readOne(content, 'IndexDocument', 'Suffix')
  if (indexSuffix === undefined) {
    const message = 'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty'
    throw badArgument(message, 'IndexDocument', 'null')
  }
  const errorKey = readOne(content, 'ErrorDocument', 'Key')
  if (errorKey === undefined && content.ErrorDocument !== undefined) throw new Error('Key is required')
  const rules = elementAt(content, 'RoutingRules')
  if (rules !== undefined) assertOnly(rules, ['RoutingRule'])
  return {
    indexSuffix,
    ...(errorKey !== undefined && { errorKey }),
    ...(rules !== undefined && { rules: elementsAt(rules, 'RoutingRule').map(readRule) }),
  }
}

/** The only child of an element. */
function readOne(content: XmlElements, element: string, child: string): string | undefined {
  const node = elementAt(content, element)
  if (node === undefined) return undefined
  assertOnly(node, [child])
  return textAt(node, child)
}

function readRule(rule: XmlElements): RoutingRule {
  assertOnly(rule, ['Condition', 'Redirect'])
  const [condition, redirect] = [elementAt(rule, 'Condition'), elementAt(rule, 'Redirect')]
  if (redirect === undefined) throw new Error('Redirect is required')
  return { ...(condition && { condition: readCondition(condition) }), redirect: readRedirect(redirect) }
}

function readCondition(condition: XmlElements): NonNullable<RoutingRule['condition']> {
  assertOnly(condition, ['KeyPrefixEquals', 'HttpErrorCodeReturnedEquals'])
  const [keyPrefix, code] = [textAt(condition, 'KeyPrefixEquals'), textAt(condition, 'HttpErrorCodeReturnedEquals')]
  return {
    ...(keyPrefix !== undefined && { keyPrefix }),
    ...(code !== undefined && { errorCode: readCode(code) }),
  }
}

function readRedirect(redirect: XmlElements): Redirect {
  assertOnly(redirect, ['HostName', 'HttpRedirectCode', 'Protocol', 'ReplaceKeyPrefixWith', 'ReplaceKeyWith'])
  const text = (name: string) => textAt(redirect, name)
  const [hostName, code, protocol] = [text('HostName'), text('HttpRedirectCode'), text('Protocol')]
  const [replaceKey, replaceKeyPrefix] = [text('ReplaceKeyWith'), text('ReplaceKeyPrefixWith')]
  return {
    ...(hostName !== undefined && { hostName }),
    ...(code !== undefined && { code: readCode(code) }),
    ...(protocol !== undefined && { protocol }),
    ...(replaceKeyPrefix !== undefined && { replaceKeyPrefix }),
    ...(replaceKey !== undefined && { replaceKey }),
  }
}

function readCode(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${text} is not an HTTP status`)
  return Number(text)
}

function writeServed({ indexSuffix, errorKey, rules }: ServedWebsite): XmlContent {
  return {
    IndexDocument: { Suffix: indexSuffix },
    ErrorDocument: errorKey === undefined ? undefined : { Key: errorKey },
    RoutingRules: rules && { RoutingRule: rules.map(writeRule) },
  }
}

function writeRule({ condition, redirect }: RoutingRule): XmlContent {
  return {
    Condition: condition && {
      HttpErrorCodeReturnedEquals: condition.errorCode,
      KeyPrefixEquals: condition.keyPrefix,
    },
    Redirect: {
      HostName: redirect.hostName,
      HttpRedirectCode: redirect.code,
      Protocol: redirect.protocol,
      ReplaceKeyPrefixWith: redirect.replaceKeyPrefix,
      ReplaceKeyWith: redirect.replaceKey,
    },
  }
}
