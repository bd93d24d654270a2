import type { SignedIn } from '#access/sign-in/sign-in.ts'
import { safeNext } from '#console/address.ts'
import type { Page, Visit } from '#console/page.ts'
import { renewSession, saveSession } from '#console/session/session.ts'
import { ApiError } from '#model/errors.ts'

export const showSignIn: Page = (visit) => {
  const next = safeNext(visit.query.get('next'))
  return visit.principal.isAnonymous ? form(next) : { redirect: next }
}

export const signIn: Page = async (visit, services) => {
  const next = safeNext(visit.form.get('next'))
  const name = visit.form.get('name')?.trim() ?? ''
  const secret = visit.form.get('secret') ?? ''
  try {
    const address = services.access.clientAddress.address(visit.facts) ?? ''
    const signedIn = await services.signIn.attempt({ name, secret, address })
    if (signedIn === undefined) return form(next, name, 'Unknown user or access key, or wrong secret.', 401)
    await start(visit, signedIn, services.clock.nowMs())
    return { redirect: next }
  } catch (error) {
    const isRefused = error instanceof ApiError && /^(AccessDenied|Throttling)$/.test(error.code)
    if (isRefused) return form(next, name, error.message, 429)
    throw error
  }
}

async function start(visit: Visit, signedIn: SignedIn, nowMs: number): Promise<void> {
  const session = await renewSession(visit.message)
  session.signedIn = signedIn
  session.signedInAtMs = nowMs
  await saveSession(session)
}

const form = (next: string, name = '', problem?: string, status = 200) => ({
  view: 'sign-in/sign-in',
  title: 'Sign in',
  isBare: true,
  status,
  locals: { next, name, problem },
})
