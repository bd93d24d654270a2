/** A policy made ready to decide: what can be worked out before a request comes is worked out once. */
import type { PolicyDocument } from './document.ts'

export interface CompiledPolicy {
  readonly document: PolicyDocument
}

/** Pure; keep the result for as long as the document is in force. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  return { document }
}
