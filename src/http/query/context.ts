/** The condition keys that follow from a request alone. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
import type { ContextLookup } from '#policy/evaluate.ts'
import type { QueryRequest } from './service.ts'

/** `more`: further keys, names in lower case up to a slash. */
export function requestContext(
  request: QueryRequest,
  more: Readonly<Record<string, string | readonly string[]>> = {},
): ContextLookup {
  const { signable, remoteAddress, isSecure } = request
  let tags: Map<string, string> | undefined
  const requestTags = () => {
    tags ??= new Map(request.params.structures('Tags').map((tag) => [tag.find('Key') ?? '', tag.find('Value') ?? '']))
    return tags
  }
  return (key) => {
    if (Object.hasOwn(more, key)) return more[key]
    if (key.startsWith('aws:requesttag/')) return requestTags().get(key.slice('aws:requesttag/'.length))
    switch (key) {
      case 'aws:tagkeys':
        return requestTags().size === 0 ? undefined : [...requestTags().keys()]
      case 'aws:sourceip':
        return remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
      case 'aws:securetransport':
        return String(isSecure)
      case 'aws:useragent':
        return signable.headers['user-agent']
      case 'aws:referer':
        return signable.headers.referer
      default:
        return undefined
    }
  }
}
