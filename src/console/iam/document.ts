/** iam.json in force, without its secrets, for administrators of the server's own account. */
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { formatMasked } from '#identity/iam-document/masked-document.ts'
import { ApiError } from '#model/errors.ts'
import { type Iam, openIam } from './open-iam.ts'

const shownCharacters = 512 * 1024

export const showDocument: Page = (visit, services) => {
  const iam = openIam(visit, services)
  if (!isOfServer(iam, services)) throw new ApiError('AccessDenied')
  // Shown only to visitors who could give themselves every right, since it shows all accounts.
  iam.authorize('GetAccountAuthorizationDetails', '*')
  iam.authorize('PutUserPolicy', '*')
  const { identities, config } = services
  const text = formatMasked(identities.directory.accounts)
  return {
    view: 'iam/document',
    title: 'iam.json',
    place: 'iam',
    crumbs: [{ text: 'Identities' }],
    locals: {
      path: config.isLoopback ? identities.path : undefined,
      isValid: identities.problem === undefined,
      text: text.slice(0, shownCharacters),
      isCut: text.length > shownCharacters,
      mayShowDocument: true,
    },
  }
}

export function mayShowDocument(visit: Visit, services: ConsoleServices): boolean {
  const iam = openIam(visit, services)
  const actions = ['GetAccountAuthorizationDetails', 'PutUserPolicy']
  return isOfServer(iam, services) && actions.every((action) => iam.may(action, '*'))
}

function isOfServer({ account }: Iam, { identities }: ConsoleServices): boolean {
  return account.canonicalId === identities.ownerId
}
