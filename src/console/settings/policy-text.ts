/** The text of a bucket policy on a page. */
import { createHash } from 'node:crypto'

export function indentPolicy(policy: string | undefined): string {
  return policy === undefined ? '' : JSON.stringify(JSON.parse(policy), null, 2)
}

/** Shows whether the policy is still the one that was shown. */
export function stampOf(policy: string | undefined): string {
  return createHash('sha256')
    .update(policy ?? '')
    .digest('hex')
    .slice(0, 16)
}
