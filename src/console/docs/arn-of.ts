import { Identity } from '#identity/identity.ts'
import type { Principal } from '#model/account.ts'

/** By which policies name the visitor. */
export const arnOf = (principal: Principal): string => (principal instanceof Identity ? principal.arn : '*')
