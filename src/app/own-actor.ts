/** The actor of the program itself, before the first request. It may do everything, without a policy check. */
import { randomUUID } from 'node:crypto'
import type { Actor } from '#objects/actor.ts'
import type { Encryption } from '#objects/encryption/encryption.ts'

export function ownActor(ownerId: string, encryption: Encryption): Actor {
  return {
    principal: { canonicalId: ownerId, displayName: 'myfsio', accessKeyId: 'myfsio', isAnonymous: false },
    gatekeeper: { authorize: () => {}, may: () => true, authorizeKey: () => {} },
    facts: { method: 'PUT', headers: {}, query: new Map(), socket: {}, caller: { via: 'header' } },
    address: undefined,
    requestId: randomUUID(),
    encryption,
  }
}
