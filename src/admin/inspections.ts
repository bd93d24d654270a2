/**
 * The routes under `/_/`, which can never be a bucket's name: questions about decisions and jobs. Each needs the permission that AWS has for the
 * like, so who may ask is a matter of policies; nobody sees what concerns other accounts alone.
 */
import type { Access } from '#access/open-access.ts'
import { Identity } from '#identity/identity.ts'
import { ApiError } from '#model/errors.ts'
import type { BackgroundWork } from '#model/work-status.ts'
import { getDecision, listDecisions } from './decisions.ts'
import { explainHypothetical } from './explain.ts'
import { listJobs, startJob } from './jobs.ts'
import { type AdminAnswer, type AdminOptions, type AdminRequest, factsOf } from './routes.ts'
import { type DocumentStatus, getStatus } from './status.ts'
import { usedActions } from './used-actions.ts'

export interface Inspection {
  readonly asked: AdminRequest
  /** Of the caller. */
  readonly account: string
  readonly query: URLSearchParams
  /** The last part of the path, where the route has one. */
  readonly argument: string
  readonly access: Access
  readonly services: AdminOptions['services']
  readonly findIdentity: (name: string) => Identity | undefined
  readonly backgroundWork: BackgroundWork
  readonly documents: () => readonly DocumentStatus[]
  /** Canonical id of the server's own account. */
  readonly serverOwnerId: () => string
  /** The AccessDenied of a caller whose policies allow what is not theirs to ask, once it is recorded. */
  readonly refuse: (why: string) => ApiError
}

interface Route {
  readonly method: string
  readonly path: RegExp
  readonly action: string
  readonly run: (inspection: Inspection) => Promise<AdminAnswer>
}

// biome-ignore format: a table
const routes: readonly Route[] = [
  { method: 'GET', path: /^\/_\/decisions$/, action: 'sts:DecodeAuthorizationMessage', run: listDecisions },
  { method: 'GET', path: /^\/_\/decisions\/([0-9a-f]{16})$/, action: 'sts:DecodeAuthorizationMessage', run: getDecision },
  { method: 'POST', path: /^\/_\/explain$/, action: 'iam:SimulatePrincipalPolicy', run: explainHypothetical },
  { method: 'GET', path: /^\/_\/jobs$/, action: 's3:ListJobs', run: listJobs },
  { method: 'POST', path: /^\/_\/jobs\/([a-z-]+)$/, action: 's3:CreateJob', run: startJob },
  { method: 'GET', path: /^\/_\/status$/, action: 'iam:GetAccountAuthorizationDetails', run: getStatus },
  { method: 'GET', path: /^\/_\/used-actions$/, action: 'iam:GenerateServiceLastAccessedDetails', run: usedActions },
]

export const isInspection = (method: string, path: string): boolean => findRoute(method, path) !== undefined

const findRoute = (method: string, path: string) => routes.find((one) => one.method === method && one.path.test(path))

/** The answer to a request of `isInspection`, once it is authenticated. AccessDenied. */
export async function inspect(options: AdminOptions, asked: AdminRequest): Promise<AdminAnswer> {
  const { method = '', url = '' } = asked.request
  const mark = url.indexOf('?')
  const [path, search] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
  const { principal } = asked.caller
  const route = findRoute(method, path)
  if (route === undefined) throw new ApiError('InvalidURI')
  const { services, access, findIdentity, backgroundWork, documents, serverOwnerId } = options
  const facts = factsOf(asked)
  services.gatekeeper.authorize(principal, route.action, {}, facts)
  const refuse = (why: string) => {
    const error = new ApiError('AccessDenied', { cause: new Error(why) })
    return services.gatekeeper.noteRefusal(error, principal, route.action, {}, facts)
  }
  if (!(principal instanceof Identity)) throw refuse('Strangers see nothing of decisions.')
  const argument = route.path.exec(path)?.[1] ?? ''
  const query = new URLSearchParams(search)
  const shared = { services, access, findIdentity, backgroundWork, documents, serverOwnerId, refuse }
  return route.run({ asked, account: principal.account, query, argument, ...shared })
}

/** AccessDenied for callers of another account: what the whole server does is not theirs to see. */
export function assertServersAccount({ asked, serverOwnerId, refuse }: Inspection): void {
  if (asked.caller.principal.canonicalId === serverOwnerId()) return
  throw refuse('This is for the account of the server itself.')
}

export function readNumber(query: URLSearchParams, name: string, bounds: { fallback: number; max: number }): number {
  const text = query.get(name)
  if (text === null) return bounds.fallback
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= bounds.max) return number
  throw new ApiError('InvalidArgument', { message: `${name} must be a number from 1 to ${bounds.max}` })
}
