import type { Page } from '#console/page.ts'
import { endSession } from '#console/session/session.ts'

export const signOut: Page = async (visit) => {
  await endSession(visit.message)
  return { redirect: '/ui/sign-in' }
}
