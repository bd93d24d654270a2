import { ApiError } from '#model/errors.ts'

export interface Deletions {
  readonly done: number
  readonly failed: readonly { readonly key: string; readonly message: string }[]
}

/** `outcomes`: one for each of `named`, in their order. */
export function summaryOf(named: readonly { readonly key: string }[], outcomes: readonly unknown[]): Deletions {
  const failed = outcomes.flatMap((outcome, at) =>
    outcome instanceof ApiError ? [{ key: named[at]?.key ?? '', message: outcome.message }] : [],
  )
  return { done: outcomes.length - failed.length, failed }
}
