/** Who is visiting: the session's principal, as long as the session holds. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SignIn } from '#access/sign-in.ts'
import type { Principal } from '#model/account.ts'
import { endSession, sessionOf, type VisitSession } from './session/session.ts'

export interface Visitor {
  readonly session: VisitSession
  readonly principal: Principal | undefined
  /** What the visitor's CSRF tokens are bound to. */
  readonly binding: string
}

const visitorCookie = 'myfsio.visitor'

export async function identifyVisitor(
  request: IncomingMessage,
  response: ServerResponse,
  options: { readonly signIn: SignIn; readonly lifetimeMs: number; readonly isSecure: boolean },
): Promise<Visitor> {
  const session = sessionOf(request)
  const { signedIn, signedInAtMs = 0 } = session
  if (signedIn !== undefined) {
    const isOver = Date.now() - signedInAtMs > options.lifetimeMs
    const principal = isOver ? undefined : options.signIn.resume(signedIn)
    if (principal !== undefined) return { session, principal, binding: `session:${session.id}` }
    await endSession(request)
  }
  return { session, principal: undefined, binding: `visitor:${visitorId(request, response, options.isSecure)}` }
}

/** Before there is a session, a cookie of its own keeps the forms of one visitor from another's. */
function visitorId(request: IncomingMessage, response: ServerResponse, isSecure: boolean): string {
  const known = readCookie(request, visitorCookie)
  if (known !== undefined && /^[\w-]{22}$/.test(known)) return known
  const fresh = randomBytes(16).toString('base64url')
  response.appendHeader(
    'set-cookie',
    `${visitorCookie}=${fresh}; Path=/ui; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`,
  )
  return fresh
}

/** For cookies of ours whose values need no decoding. */
export function readCookie(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [found = '', value] = pair.trim().split('=', 2)
    if (found === name) return value
  }
  return undefined
}
