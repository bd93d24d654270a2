/** The visitor: the session's principal, while the session is valid. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SignIn } from '#access/sign-in/sign-in.ts'
import { cookieOf, readCookies } from '#console/session/cookies.ts'
import { endSession, sessionOf, type VisitSession } from '#console/session/session.ts'
import type { Clock } from '#lib/clock.ts'
import type { Principal } from '#model/account.ts'

export interface Visitor {
  readonly session: VisitSession
  readonly principal: Principal | undefined
  /** The value that the visitor's CSRF tokens are bound to. */
  readonly binding: string
}

export async function identifyVisitor(
  request: IncomingMessage,
  response: ServerResponse,
  options: { readonly signIn: SignIn; readonly lifetimeMs: number; readonly isSecure: boolean; readonly clock: Clock },
): Promise<Visitor> {
  const session = sessionOf(request)
  const { signedIn, signedInAtMs = 0 } = session
  if (signedIn !== undefined) {
    const isOver = options.clock.nowMs() - signedInAtMs > options.lifetimeMs
    const principal = isOver ? undefined : options.signIn.resume(signedIn)
    if (principal !== undefined) return { session, principal, binding: `session:${session.id}` }
    await endSession(request)
  }
  return { session, principal: undefined, binding: `visitor:${visitorId(request, response, options.isSecure)}` }
}

/** Before the sign-in, a cookie distinguishes the forms of visitors. */
function visitorId(request: IncomingMessage, response: ServerResponse, isSecure: boolean): string {
  const { name, path } = cookieOf('visitor', isSecure)
  const known = readCookies(request, name).find((value) => /^[\w-]{22}$/.test(value))
  if (known !== undefined) return known
  const fresh = randomBytes(16).toString('base64url')
  const attributes = `Path=${path}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
  response.appendHeader('set-cookie', `${name}=${fresh}; ${attributes}`)
  return fresh
}
