import { Identity } from '#identity/identity.ts'
import type { Principal } from '#model/account.ts'

/** The visitor's ARN, for policies. */
export const arnOf = (principal: Principal): string => (principal instanceof Identity ? principal.arn : '*')
