/**
 * The program itself as an actor, for changes without a request: no policy denies them, and no lock can be bypassed.
 * The objects that it writes belong to an account.
 */
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Rights } from '#access/decide/gatekeeper.ts'
import type { Principal } from '#model/account.ts'
import type { Actor } from './actor.ts'
import type { Encryption } from './encryption/encryption.ts'

const facts: RequestFacts = {
  method: '',
  headers: {},
  query: new Map(),
  socket: {},
  caller: { via: 'anonymous' },
}

const rights: Rights = {
  authorize: () => undefined,
  may: (_principal, action) => action !== 's3:BypassGovernanceRetention',
  authorizeKey: () => undefined,
}

/** `name`: the name of the service in records. `ownerId`: canonical id of the account. */
export function serviceActor(
  name: string,
  { ownerId, encryption }: { readonly ownerId: string; readonly encryption: Encryption },
): Actor {
  const principal: Principal = { canonicalId: ownerId, displayName: name, accessKeyId: '', isAnonymous: false }
  return { principal, facts, gatekeeper: rights, encryption, address: undefined, requestId: '' }
}
