/** The console's sessions: the cookie holds an opaque id, and the server knows the identity. */
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import session from 'express-session'
import type { SignedIn } from '#access/sign-in/sign-in.ts'
import { cookieOf, refuseSeveral } from './cookies.ts'
import type { SessionStore } from './session-store.ts'

/** Shown once, on the next page. */
export interface Notice {
  readonly kind: 'done' | 'failed'
  readonly text: string
}

declare module 'express-session' {
  interface SessionData {
    signedIn: SignedIn
    signedInAtMs: number
    notice: Notice
  }
}

export type VisitSession = session.Session & Partial<session.SessionData>

export interface SessionSettings {
  readonly secretKey: string | undefined
  readonly sessionIdleMs: number
  /** Whether the visitor used TLS, to us or to a trusted proxy. */
  readonly isSecure: (request: IncomingMessage) => boolean
}

/** `openStore` is called twice: the middleware adds its own functions to its store. */
export function createSessions(openStore: () => SessionStore, settings: SessionSettings): RequestHandler {
  const options = (isSecure: boolean): session.SessionOptions => {
    const { name, path } = cookieOf('session', isSecure)
    return {
      name,
      secret: settings.secretKey ?? '',
      store: openStore(),
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { path, httpOnly: true, sameSite: 'lax', secure: isSecure, maxAge: settings.sessionIdleMs },
    }
  }
  const [plain, secure] = [session(options(false)), session(options(true))]
  return (request, response, next) => {
    const isSecure = settings.isSecure(request)
    try {
      refuseSeveral(request, response, cookieOf('session', isSecure).name)
    } catch (error) {
      next(error)
      return
    }
    // The middleware checks this before it sends a Secure cookie; Express itself trusts no proxy.
    if (isSecure) Object.defineProperty(request, 'secure', { value: true })
    return (isSecure ? secure : plain)(request, response, next)
  }
}

export function sessionOf(request: IncomingMessage): VisitSession {
  return (request as IncomingMessage & { session: VisitSession }).session
}

/** Creates a new id, so that one that a stranger set before the sign-in cannot be used. */
export function renewSession(request: IncomingMessage): Promise<VisitSession> {
  return new Promise((resolve, reject) => {
    sessionOf(request).regenerate((error) => (error ? reject(error) : resolve(sessionOf(request))))
  })
}

export function endSession(request: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    sessionOf(request).destroy((error) => (error ? reject(error) : resolve()))
  })
}

/**
 * The middleware also saves a changed session, but after the head of the answer. A browser that follows a redirect
 * could read the old session.
 */
export function saveSession(visitSession: VisitSession): Promise<void> {
  return new Promise((resolve, reject) => visitSession.save((error) => (error ? reject(error) : resolve())))
}
