/**
 * The steps of a request to the console: identify → signed in? → from our own page? → bucket → authorize → page → send.
 */
import type { NextFunction, Request, Response } from 'express'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { isUnexplained } from '#access/decide/denial.ts'
import { hideMissingObject } from '#access/decide/objects/missing-object.ts'
import { authorizeOnObject, authorizeOnUpload } from '#access/decide/objects/object-access.ts'
import type { Asking } from '#access/decide/resource.ts'
import { nextRequestId } from '#http/request-id.ts'
import { Identity } from '#identity/identity.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { type Bucket, isBucketName } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object/object.ts'
import { decisionHeader } from '#model/served-request.ts'
import { RequestActor } from '#objects/actor.ts'
import { anonymousRequester } from '#policy/requester.ts'
import { safeNext } from './address.ts'
import { basePathOf } from './answer/base-path.ts'
import { describeFailure } from './answer/failure.ts'
import type { Renderer } from './answer/render.ts'
import { sendAnswer } from './answer/send.ts'
import { mayExplainAction } from './denials/denials.ts'
import { factsOfVisit, readQuery } from './facts.ts'
import { visibleIamPages } from './iam/visible-pages.ts'
import { mayListKeys } from './kms/open-kms.ts'
import type { Answer, ConsoleServices, Visit } from './page.ts'
import type { Route } from './route.ts'
import { CsrfTokens } from './session/csrf.ts'
import { sessionOf } from './session/session.ts'
import { isFormRequest, readForm, readJson } from './visit/form.ts'
import { assertOwnPage as assertFromOwnPage } from './visit/own-pages.ts'
import { identifyVisitor, type Visitor } from './visit/visitor.ts'
import { wantsJson } from './visit/wants-json.ts'

const anonymousAsking: Asking = { requester: anonymousRequester, policies: { identity: [] } }

export interface EndpointOptions {
  readonly services: ConsoleServices
  readonly renderer: Renderer
  readonly log: LevelLog
}

export function createEndpoint({ services, renderer, log }: EndpointOptions) {
  const { config } = services
  const base = basePathOf(config.uiBaseUrl)
  const csrf = new CsrfTokens(config.secretKey ?? '')
  const identify = (request: Request, response: Response) =>
    identifyVisitor(request, response, {
      signIn: services.signIn,
      lifetimeMs: config.sessionLifetimeMs,
      clock: services.clock,
      isSecure: services.access.clientAddress.isSecure(request),
    })

  async function answer(route: Route, request: Request, response: Response): Promise<void> {
    let visitor: Visitor | undefined
    const startedAt = performance.now()
    response.once('close', () => logVisit(request, response, visitor, startedAt))
    try {
      visitor = await identify(request, response)
      if (route.permission !== 'anyone' && visitor.principal === undefined) {
        return await send(askToSignIn(request, base), request, response, visitor)
      }
      // The content type of an upload is chosen by the visitor, so only POST reads forms.
      const hasForm = route.method === 'post' && isFormRequest(request)
      const form = hasForm ? await readForm(request) : new URLSearchParams()
      if (route.method !== 'get') assertOwnPage(request, form, visitor)
      const visit = await openVisit(route, request, visitor, form)
      await authorize(route, visit, services)
      await send(await showPage(route, visit), request, response, visitor)
    } catch (error) {
      await fail(isUnexplained(error) ? recorded(error, request, visitor) : error, request, response, visitor)
    }
  }

  /** Refusals without a policy are recorded too. */
  function recorded(error: ApiError, request: Request, visitor: Visitor | undefined): ApiError {
    const facts = factsOfVisit(request)
    const action = `${request.method} ${request.path}`
    const who = visitor?.principal instanceof Identity ? visitor.principal : undefined
    const account = who?.account ?? services.access.ownAccount()
    return services.gatekeeper.recordArnRefusal(error, who ?? anonymousAsking, action, { arn: '*', account }, facts)
  }

  /** Visitors who may not list get AccessDenied for missing objects. */
  async function showPage(route: Route, visit: Visit): Promise<Answer> {
    try {
      return await route.page(visit, services)
    } catch (error) {
      const isMissing = error instanceof ApiError && /^NoSuch(Key|Version)$/.test(error.code)
      if (!isMissing || !route.needsKey) throw error
      throw hideMissingObject(error, visit, services.gatekeeper)
    }
  }

  function assertOwnPage(request: Request, form: URLSearchParams, { binding }: Visitor): void {
    const token = request.headers['x-csrf-token'] ?? form.get('csrf') ?? ''
    assertFromOwnPage(request, { clientAddress: services.access.clientAddress, uiBaseUrl: config.uiBaseUrl })
    if (csrf.verify(binding, String(token))) return
    throw new ApiError('AccessDenied', { message: 'Reload the page and try again.', headers: { 'x-form': 'stale' } })
  }

  async function openVisit(route: Route, request: Request, visitor: Visitor, form: URLSearchParams): Promise<Visit> {
    const query = readQuery(request.url)
    const key = query.get('key') ?? ''
    if (route.needsKey && key === '') throw new ApiError('NoSuchKey')
    assertKey(key)
    const principal = visitor.principal ?? anonymous
    const params = request.params as Record<string, string>
    const found = params.bucket === undefined ? undefined : await findBucket(params.bucket)
    const { gatekeeper } = services
    const facts = factsOfVisit(request)
    return {
      message: request,
      headers: request.headers,
      method: request.method,
      url: request.originalUrl,
      query,
      params,
      address: request.socket.remoteAddress ?? '',
      host: services.access.clientAddress.host(request),
      principal,
      facts,
      actor: new RequestActor(services, { principal, facts, requestId: nextRequestId() }),
      session: visitor.session,
      get bucket(): Bucket {
        if (found === undefined) throw new Error(`${route.path} names no bucket`)
        return found
      },
      key,
      versionId: versionOf(route, query),
      form,
      readJson: (schema) => readJson(request, schema),
      may: (action, resource = {}, effect = {}) => gatekeeper.may(principal, action, resource, { ...facts, ...effect }),
      authorize: (action, resource = {}, effect = {}) =>
        gatekeeper.authorize(principal, action, resource, { ...facts, ...effect }),
      authorizeObject: (action, { bucket, key, versionId, uploadId }, effect = {}) => {
        const asked = { principal, action, bucket, key, facts: ofVersion({ ...facts, ...effect }, versionId) }
        if (uploadId !== undefined) return authorizeOnUpload(services, { ...asked, uploadId })
        return authorizeOnObject(services, { ...asked, versionId })
      },
    }
  }

  async function findBucket(name: string): Promise<Bucket> {
    if (!isBucketName(name)) throw new ApiError('NoSuchBucket', { fields: { BucketName: name } })
    return services.store.getBucket(name)
  }

  async function send(answer: Answer, request: Request, response: Response, visitor: Visitor | undefined) {
    const who = visitor ?? { session: sessionOf(request), principal: undefined, binding: '' }
    await sendAnswer(answer, request, response, {
      render: (view, notice) => {
        const { principal, binding } = who
        const offered =
          principal === undefined
            ? { mayExplain: false, mayListKeys: false, iamPages: [] }
            : offeredTo(principal, request)
        return renderer.render(view, { request, principal, csrf: csrf.issue(binding), notice, ...offered })
      },
      session: who.session,
    })
  }

  /** The links of the navigation. */
  function offeredTo(principal: Principal, request: Request) {
    const facts = factsOfVisit(request)
    return {
      mayExplain: services.gatekeeper.may(principal, mayExplainAction, {}, facts),
      mayListKeys: mayListKeys(principal, services.gatekeeper, facts),
      iamPages: visibleIamPages(principal, services.gatekeeper, facts),
    }
  }

  async function fail(error: unknown, request: Request, response: Response, visitor: Visitor | undefined) {
    const isOurs = error instanceof ApiError || error instanceof URIError
    if (!isOurs && !response.destroyed) log.error({ err: error, path: request.path }, 'page failed')
    if (response.headersSent) {
      response.destroy()
      return
    }
    for (const name of [decisionHeader, 'x-form']) {
      const value = error instanceof ApiError ? error.headers[name] : undefined
      if (value !== undefined) response.set(name, value)
    }
    // The rest of the body would be read as the next request.
    if (!request.complete) response.set('connection', 'close')
    await send(describeFailure(error, request, visitor?.principal), request, response, visitor)
  }

  function logVisit(request: Request, response: Response, visitor: Visitor | undefined, startedAt: number): void {
    const ms = Math.round(performance.now() - startedAt)
    const { method, path } = request
    log.info(
      { method, path, status: response.statusCode, principal: visitor?.principal?.accessKeyId, durationMs: ms },
      'visit',
    )
  }

  return {
    answer,
    answerUnknown: async (request: Request, response: Response) => {
      const visitor = sessionOf(request) === undefined ? undefined : await identify(request, response)
      await fail(new ApiError('NoSuchKey'), request, response, visitor)
    },
    answerFailure: (error: unknown, request: Request, response: Response, _next: NextFunction) =>
      fail(error, request, response, undefined),
  }
}

/** Pages redirect to the sign-in; scripts get JSON. */
function askToSignIn(request: Request, base: string): Answer {
  if (wantsJson(request)) {
    return { status: 401, json: { error: 'SignedOut', message: 'Your session has ended. Sign in again.' } }
  }
  const back = request.method === 'GET' ? request.originalUrl : pageOf(request, base)
  return { redirect: back === '/ui' ? '/ui/sign-in' : `/ui/sign-in?next=${encodeURIComponent(back)}` }
}

/** The page that sent a form. */
function pageOf({ headers: { referer = '' } }: Request, base: string): string {
  const { pathname, search } = URL.canParse(referer) ? new URL(referer) : { pathname: '', search: '' }
  return safeNext((pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname) + search)
}

async function authorize(route: Route, visit: Visit, services: ConsoleServices): Promise<void> {
  const { permission, needsKey } = route
  if (permission === 'anyone' || permission === 'signed-in') return
  const { key, versionId, params } = visit
  const effect = route.effect?.(visit, services) ?? {}
  if (!needsKey) return visit.authorize(permission, params.bucket === undefined ? {} : { bucket: visit.bucket }, effect)
  // Reading a version by its id has its own action.
  const action = permission === 's3:GetObject' && versionId !== undefined ? 's3:GetObjectVersion' : permission
  await visit.authorizeObject(action, { bucket: visit.bucket, key, versionId, uploadId: params.upload }, effect)
}

const versionOf = ({ versionId: fallback }: Route, query: URLSearchParams): string | undefined =>
  fallback === undefined ? undefined : (query.get('versionId') ?? (fallback === '' ? undefined : fallback))

const ofVersion = (facts: RequestFacts, versionId: string | undefined): RequestFacts =>
  versionId === undefined ? facts : { ...facts, keys: { ...facts.keys, 's3:versionid': versionId } }
