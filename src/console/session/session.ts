/** The console's sessions: an opaque id in the cookie, and on the server who signed in. */
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import session from 'express-session'
import type { SignedIn } from '#access/sign-in.ts'
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

export const sessionCookie = 'myfsio.session'

export interface SessionSettings {
  readonly secretKey: string | undefined
  readonly sessionIdleMs: number
  readonly isSecure: boolean
}

export function createSessions(store: SessionStore, settings: SessionSettings): RequestHandler {
  return session({
    name: sessionCookie,
    secret: settings.secretKey ?? '',
    store,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: {
      path: '/ui',
      httpOnly: true,
      sameSite: 'lax',
      secure: settings.isSecure,
      maxAge: settings.sessionIdleMs,
    },
  })
}

export function sessionOf(request: IncomingMessage): VisitSession {
  return (request as IncomingMessage & { session: VisitSession }).session
}

/** A new id, so that one planted before the sign-in is worth nothing. */
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

/** Before the answer is sent, so that the next request finds it. */
export function saveSession(visitSession: VisitSession): Promise<void> {
  return new Promise((resolve, reject) => visitSession.save((error) => (error ? reject(error) : resolve())))
}
