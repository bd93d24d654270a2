/** The life of one visit, to be read aloud: who → signed in? → from our own page? → bucket → may they? → page → send. */
import type { NextFunction, Request, Response } from 'express'
import type { Asking, RequestFacts } from '#access/caller.ts'
import { isUnexplained } from '#access/denial.ts'
import { hideMissingObject } from '#access/missing-object.ts'
import { authorizeOnObject, authorizeOnUpload } from '#access/object-access.ts'
import { Identity } from '#identity/identity.ts'
import type { Log } from '#lib/log.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { type Bucket, isBucketName } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object.ts'
import { decisionHeader } from '#model/served-request.ts'
import { anonymousRequester } from '#policy/requester.ts'
import { mayExplainAction } from './denials/denials.ts'
import { describeFailure } from './failure.ts'
import { isFormRequest, readForm, readJson } from './form.ts'
import type { Answer, ConsoleServices, Visit } from './page.ts'
import type { Renderer } from './render.ts'
import type { Route } from './route.ts'
import { sendAnswer } from './send.ts'
import { CsrfTokens, isFromOwnPages } from './session/csrf.ts'
import { sessionOf } from './session/session.ts'
import { identifyVisitor, type Visitor } from './visitor.ts'

const nobody: Asking = { requester: anonymousRequester, policies: { identity: [] } }

export interface EndpointOptions {
  readonly services: ConsoleServices
  readonly renderer: Renderer
  readonly log: Log
}

export function createEndpoint({ services, renderer, log }: EndpointOptions) {
  const { config } = services
  const csrf = new CsrfTokens(config.secretKey ?? '')
  const identify = (request: Request, response: Response) =>
    identifyVisitor(request, response, {
      signIn: services.signIn,
      lifetimeMs: config.sessionLifetimeMs,
      isSecure: services.access.clientAddress.isSecure(request),
    })

  async function answer(route: Route, request: Request, response: Response): Promise<void> {
    let visitor: Visitor | undefined
    const startedAt = performance.now()
    response.once('close', () => logVisit(request, response, visitor, startedAt))
    try {
      visitor = await identify(request, response)
      if (route.permission !== 'anyone' && visitor.principal === undefined) {
        return await send(askToSignIn(request), request, response, visitor)
      }
      // The bytes of an upload may call themselves what they like.
      const hasForm = route.method === 'post' && isFormRequest(request)
      const form = hasForm ? await readForm(request) : new URLSearchParams()
      if (route.method !== 'get') assertOwnPage(request, form, visitor)
      const visit = await openVisit(route, request, visitor, form)
      await authorize(route, visit)
      await send(await showPage(route, visit), request, response, visitor)
    } catch (error) {
      await fail(isUnexplained(error) ? recorded(error, request, visitor) : error, request, response, visitor)
    }
  }

  /** Refusals that no policy made are kept as those are that one made. */
  function recorded(error: ApiError, request: Request, visitor: Visitor | undefined): ApiError {
    const facts = factsOf(request, new URLSearchParams(request.url.split('?')[1] ?? ''))
    const action = `${request.method} ${request.path}`
    const who = visitor?.principal instanceof Identity ? visitor.principal : undefined
    const account = who?.account ?? services.access.ownAccount()
    return services.gatekeeper.noteArnRefusal(error, who ?? nobody, action, { arn: '*', account }, facts)
  }

  /** What is not there looks forbidden to those who may not list. */
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
    if (isFromOwnPages(request.headers) && csrf.verify(binding, String(token))) return
    throw new ApiError('AccessDenied', { message: 'This form has expired, or it is not one of ours.' })
  }

  async function openVisit(route: Route, request: Request, visitor: Visitor, form: URLSearchParams): Promise<Visit> {
    const query = new URLSearchParams(request.url.split('?')[1] ?? '')
    const key = query.get('key') ?? ''
    if (route.needsKey && key === '') throw new ApiError('NoSuchKey')
    assertKey(key)
    const principal = visitor.principal ?? anonymous
    const params = request.params as Record<string, string>
    const found = params.bucket === undefined ? undefined : await findBucket(params.bucket)
    const { gatekeeper } = services
    const facts = factsOf(request, query)
    return {
      message: request,
      headers: request.headers,
      method: request.method,
      url: request.originalUrl,
      query,
      params,
      address: request.socket.remoteAddress ?? '',
      principal,
      facts,
      session: visitor.session,
      get bucket(): Bucket {
        if (found === undefined) throw new Error(`${route.path} names no bucket`)
        return found
      },
      key,
      form,
      readJson: (schema) => readJson(request, schema),
      may: (action, resource = {}) => gatekeeper.may(principal, action, resource, facts),
      authorize: (action, resource = {}, keys) =>
        gatekeeper.authorize(principal, action, resource, keys === undefined ? facts : { ...facts, keys }),
      authorizeObject: (action, { bucket, key, versionId, uploadId }) => {
        const asked = { principal, action, bucket, key, facts }
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
        const mayExplain = principal !== undefined && mayExplainTo(principal, request)
        return renderer.render(view, { request, principal, csrf: csrf.issue(binding), notice, mayExplain })
      },
      session: who.session,
    })
  }

  function mayExplainTo(principal: Principal, request: Request): boolean {
    const query = new URLSearchParams(request.url.split('?')[1] ?? '')
    return services.gatekeeper.may(principal, mayExplainAction, {}, factsOf(request, query))
  }

  async function fail(error: unknown, request: Request, response: Response, visitor: Visitor | undefined) {
    const isOurs = error instanceof ApiError || error instanceof URIError
    if (!isOurs && !response.destroyed) log.error({ err: error, path: request.path }, 'page failed')
    if (response.headersSent) {
      response.destroy()
      return
    }
    const decisionId = error instanceof ApiError ? error.headers[decisionHeader] : undefined
    if (decisionId !== undefined) response.set(decisionHeader, decisionId)
    // A body that is still on its way would be taken for the next request.
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

/** Pages lead to the sign-in and back; scripts are told. */
function askToSignIn(request: Request): Answer {
  if (wantsJson(request)) {
    return { status: 401, json: { error: 'SignedOut', message: 'Your session has ended. Sign in again.' } }
  }
  const back = request.method === 'GET' ? request.originalUrl : '/ui'
  return { redirect: back === '/ui' ? '/ui/sign-in' : `/ui/sign-in?next=${encodeURIComponent(back)}` }
}

export function wantsJson(request: Request): boolean {
  return /^application\/json\b/.test(request.headers.accept ?? '')
}

async function authorize(route: Route, visit: Visit): Promise<void> {
  const { permission, needsKey } = route
  if (permission === 'anyone' || permission === 'signed-in') return
  const action = actionOf(route, visit)
  if (!needsKey) return visit.authorize(action, visit.params.bucket === undefined ? {} : { bucket: visit.bucket })
  const { bucket, key, query, params } = visit
  await visit.authorizeObject(action, {
    bucket,
    key,
    versionId: query.get('versionId') ?? undefined,
    uploadId: params.upload,
  })
}

function factsOf(request: Request, query: URLSearchParams): RequestFacts {
  const { method, headers, socket } = request
  return { method, headers, query: new Map(query), socket, caller: { via: 'header' } }
}

/** Reading or deleting a version by its id is an action of its own. */
function actionOf({ permission }: Route, { query }: Visit): string {
  const hasVersion = query.get('versionId') !== null && /^s3:(Get|Delete)Object$/.test(permission)
  return hasVersion ? `${permission}Version` : permission
}
