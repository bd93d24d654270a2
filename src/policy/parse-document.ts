import type { ParseOptions, PolicyDocument, PolicyKind } from './document.ts'

export function parseDocument(_json: string, _kind: PolicyKind, _options: ParseOptions): PolicyDocument {
  throw new Error('to follow')
}
