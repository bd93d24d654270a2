/** Policies in the document, parsed and compiled on first use. Equal ones are compiled once. */
import type { DocumentPath } from '#documents/json-source.ts'
import type { PolicyText } from '#identity/entities/entity.ts'
import { rememberUpTo } from '#lib/remember.ts'
import type { ApiError } from '#model/errors.ts'
import type { ListElement, PolicyDocument, Statement } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { type CompiledPolicy, compilePolicy } from '#policy/evaluate/compile.ts'

type Kind = 'identity' | 'trust' | 'key'

const parsedTexts = new WeakMap<PolicyText, PolicyDocument>()
const parsedJson = new Map<string, PolicyDocument>()
const compiledDocuments = new WeakMap<PolicyDocument, CompiledPolicy>()
const rememberedMax = 50_000

/** MalformedPolicyDocument. A text is never changed in place. */
export function parsed(text: PolicyText, kind: Kind): PolicyDocument {
  const known = parsedTexts.get(text)
  if (known !== undefined) return known
  const json = JSON.stringify(text)
  const id = `${kind} ${json}`
  const document = parsedJson.get(id) ?? parsePolicy(json, kind, { maxBytes: Number.POSITIVE_INFINITY })
  parsedTexts.set(text, document)
  rememberUpTo(parsedJson, rememberedMax, id, document)
  return document
}

export function compiled(text: PolicyText, kind: Kind): CompiledPolicy {
  const document = parsed(text, kind)
  let policy = compiledDocuments.get(document)
  if (policy === undefined) {
    policy = compilePolicy(document)
    compiledDocuments.set(document, policy)
  }
  return policy
}

/** The place in the document where parsePolicy found the error. */
export function placeOfMistake(text: PolicyText, { fields }: ApiError): DocumentPath {
  // The value follows a colon and a space.
  const [detail = ''] = String(fields.Detail ?? '').split(': ', 1)
  const places = [...detail.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([name, index]) =>
    index === undefined ? name : Number(index),
  )
  // A single statement may be without a list around it.
  const isListed = places[0] !== 'Statement' || Array.isArray(text.Statement)
  return isListed ? places : places.filter((place, at) => at !== 1 || typeof place === 'string')
}

/**
 * Writes a policy as JSON. For identity policies without conditions, such as those that replace coarse actions of
 * version 1.
 */
export const formatPolicy = ({ version, statements }: PolicyDocument): PolicyText => ({
  Version: version,
  Statement: statements.map(formatStatement),
})

const formatStatement = ({ effect, action, resource }: Statement): PolicyText => ({
  Effect: effect,
  Action: brief(action),
  ...(resource === undefined ? {} : { Resource: brief(resource) }),
})

const brief = ({ values }: ListElement): string | readonly string[] =>
  values.length === 1 ? (values[0] ?? '') : values
