/** The shape of bucket_policies.json: see bucket-policies.ts. */
import * as z from 'zod'
import { findLayout, type Layout, layouts } from '#identity/iam-document/policy-layout.ts'

export const bucketPolicySchema = z
  .looseObject({
    policies: z.record(z.string(), z.unknown()),
    principals: z.record(z.string(), z.record(z.string(), z.string())).optional(),
    layouts: z.record(z.string(), z.enum(layouts)).optional(),
    /** Written by earlier releases: each policy a second time, as text. */
    texts: z.record(z.string(), z.string()).optional(),
  })
  .transform(({ texts, principals, layouts: given, ...document }): PolicyDocument => {
    const kept = given ?? layoutsOf(texts)
    return { ...document, ...(isEmpty(principals) ? {} : { principals }), ...(isEmpty(kept) ? {} : { layouts: kept }) }
  })

export interface PolicyDocument {
  readonly policies: Record<string, unknown>
  readonly principals?: Record<string, Record<string, string>> | undefined
  readonly layouts?: Record<string, Layout> | undefined
}

type Parts = Pick<PolicyDocument, 'policies' | 'principals' | 'layouts'>

export function without({ policies, principals = {}, layouts: kept = {} }: PolicyDocument, bucket: string): Parts {
  const rest = <T>({ [bucket]: _, ...others }: Record<string, T>) => others
  return { policies: rest(policies), principals: rest(principals), layouts: rest(kept) }
}

const isEmpty = (part: object | undefined): boolean => part === undefined || Object.keys(part).length === 0

function layoutsOf(texts: Readonly<Record<string, string>> = {}): PolicyDocument['layouts'] {
  const entries = Object.entries(texts).flatMap(([bucket, text]) => {
    const layout = findLayoutOf(text)
    return layout === undefined || layout === 'compact' ? [] : [[bucket, layout] as const]
  })
  return Object.fromEntries(entries)
}

/** Parses a text that may have been edited by hand. */
function findLayoutOf(text: string) {
  try {
    return findLayout(text)
  } catch {
    return undefined
  }
}
