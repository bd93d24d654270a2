/** Tags in requests and answers: Tagging documents, and the header `x-amz-tagging`. */
import { elementAt, elementsAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { assertTags, type NamedTags, parseTagQuery, type Tags } from '#model/tags.ts'
import type { XmlDocument } from '#s3/operation.ts'
import { readXml } from './read-xml.ts'

/** MissingRequestBodyError, MalformedXML. Tags are not validated here. */
export function readTagging(document: Buffer): NamedTags {
  if (document.length === 0) throw new ApiError('MissingRequestBodyError')
  return readXml(document, 'Tagging', (content) => {
    const set = elementAt(content, 'TagSet')
    if (set !== undefined) return readTags(set)
    // Without a TagSet it is the empty set, as in S3.
    if (Object.keys(content).length > 0) throw new Error('Only a TagSet is allowed')
    return []
  })
}

/** The Tag elements of a set. Throws for a Tag with more or less than a key and a value. */
export function readTags(set: XmlElements): NamedTags {
  return elementsAt(set, 'Tag').map((tag) => {
    const key = textAt(tag, 'Key')
    const value = textAt(tag, 'Value')
    if (key === undefined || value === undefined || Object.keys(tag).length > 2) throw new Error('A Key and a Value')
    return [key, value]
  })
}

/** Sorted by key. */
export function taggingDocument(tags: Tags): XmlDocument {
  return { root: 'Tagging', content: { TagSet: { Tag: tagElements(tags) } } }
}

export function tagElements(tags: Tags): { readonly Key: string; readonly Value: string }[] {
  // JavaScript objects list numeric names first.
  const sorted = Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1))
  return sorted.map(([Key, Value]) => ({ Key, Value }))
}

/** Tags of an object. InvalidArgument for a malformed header or a repeated tag; BadRequest, InvalidTag. */
export function parseTaggingHeader(header: string): Tags {
  const named = parseTagQuery(header)
  const keys = new Set(named?.map(([key]) => key))
  if (named !== undefined && keys.size === named.length) return assertTags(named, 'object') ?? {}
  throw new ApiError('InvalidArgument', {
    message:
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    fields: { ArgumentName: 'x-amz-tagging', ArgumentValue: header },
  })
}
