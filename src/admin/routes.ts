/**
 * MyFSIO's own JSON routes beside S3: `POST /presign/<bucket>/<key>`, `GET|PUT|DELETE /bucket-policy/<bucket>`, and all under `/_/`. They
 * authenticate and authorize as S3 does. A bucket may bear one of the first two names: then S3's meaning of the path wins.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller, Gatekeeper, RequestFacts } from '#access/decide/caller.ts'
import { callerHeaders } from '#access/decide/caller-headers.ts'
import { isUnexplained } from '#access/decide/denial.ts'
import type { Access } from '#access/open-access.ts'
import type { Identity } from '#identity/identity.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { pathDecode } from '#lib/text/uri.ts'
import { formatXml } from '#lib/text/xml.ts'
import { isBucketName } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { BackgroundWork } from '#model/work-status.ts'
import type { Store } from '#store/contract.ts'
import { inspect, isInspection } from './inspections.ts'
import { presign } from './presign.ts'
import type { DocumentStatus } from './status.ts'

/** The documents behind /bucket-policy. */
export interface PolicyDocuments {
  find(bucket: string): string | undefined
  put(bucket: string, json: string, options?: { readonly blocksPublic?: boolean }): Promise<void>
  remove(bucket: string): Promise<void>
}

export interface AdminOptions {
  readonly services: {
    readonly store: Store
    readonly gatekeeper: Gatekeeper
    readonly bucketPolicies: PolicyDocuments
  }
  readonly region: string
  readonly service: string
  /** Where links point; undefined: to the host that was asked. */
  readonly apiBaseUrl: string | undefined
  readonly access: Access
  /** By access key, ARN or name. */
  readonly findIdentity: (name: string) => Identity | undefined
  readonly backgroundWork: BackgroundWork
  readonly documents: () => readonly DocumentStatus[]
  /** Canonical id of the server's own account. */
  readonly serverOwnerId: () => string
}

export interface AdminRequest {
  readonly request: IncomingMessage
  readonly caller: Caller
  readonly bucketName: string
  readonly key: string
  readonly body: Buffer
}

export interface AdminAnswer {
  readonly status: number
  readonly json?: string
}

/** As Express calls a handler; `next` hands the request on to S3. */
export type AdminHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

export function createAdminRoutes(options: AdminOptions): AdminHandler {
  return (request, response, next) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const presignMatch = request.method === 'POST' ? /^\/presign\/([^/]+)\/(.+)$/.exec(path) : null
    const policyMatch = /^(GET|PUT|DELETE)$/.test(request.method ?? '') ? /^\/bucket-policy\/([^/]+)$/.exec(path) : null
    if (isInspection(request.method ?? '', path)) {
      void answerInspection(options, request, response)
      return
    }
    if (presignMatch === null && policyMatch === null) {
      next()
      return
    }
    void answer(options, request, response, next, presignMatch, policyMatch?.[1])
  }
}

async function answer(
  options: AdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
  presignMatch: RegExpExecArray | null,
  policyBucket: string | undefined,
): Promise<void> {
  try {
    const { store, gatekeeper } = options.services
    if ((await store.findBucket(presignMatch === null ? 'bucket-policy' : 'presign')) !== undefined) {
      next()
      return
    }
    const { method = '', url: target = '', headers, rawHeaders, socket } = request
    const caller = gatekeeper.authenticate({ method, target, headers, rawHeaders, socket })
    const bucketName = pathDecode(presignMatch?.[1] ?? policyBucket ?? '')
    if (!isBucketName(bucketName)) throw new ApiError('InvalidBucketName')
    const body = await readBody(request, caller)
    const asked = { request, caller, bucketName, key: pathDecode(presignMatch?.[2] ?? ''), body }
    const { status, json } = presignMatch === null ? await bucketPolicy(options, asked) : await presign(options, asked)
    const length = { 'content-length': Buffer.byteLength(json ?? '') }
    response.writeHead(status, json === undefined ? {} : { 'content-type': 'application/json', ...length }).end(json)
  } catch (error) {
    sendError(request, response, error instanceof URIError ? new ApiError('InvalidURI') : error)
  }
}

async function answerInspection(
  options: AdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { method = '', url: target = '', headers, rawHeaders, socket } = request
    const caller = options.services.gatekeeper.authenticate({ method, target, headers, rawHeaders, socket })
    const body = await readBody(request, caller)
    const { status, json } = await inspect(options, { request, caller, bucketName: '', key: '', body })
    const length = { 'content-length': Buffer.byteLength(json ?? '') }
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...length }).end(json)
  } catch (error) {
    sendError(request, response, error)
  }
}

async function bucketPolicy({ services }: AdminOptions, asked: AdminRequest): Promise<AdminAnswer> {
  const { store, gatekeeper, bucketPolicies } = services
  const { bucketName, caller, request } = asked
  const bucket = await store.getBucket(bucketName)
  const verb = ({ GET: 'Get', PUT: 'Put', DELETE: 'Delete' } as Record<string, string>)[request.method ?? ''] ?? ''
  const action = `s3:${verb}BucketPolicy`
  const facts = factsOf(asked)
  gatekeeper.authorize(caller.principal, action, { bucket }, facts)
  if (verb === 'Delete') await bucketPolicies.remove(bucketName)
  else if (verb === 'Put') {
    const blocksPublic = bucket.publicAccessBlock?.blockPublicPolicy === true
    await bucketPolicies.put(bucketName, asked.body.toString(), { blocksPublic }).catch((error: unknown) => {
      throw isUnexplained(error) ? gatekeeper.noteRefusal(error, caller.principal, action, { bucket }, facts) : error
    })
  } else {
    const json = bucketPolicies.find(bucketName)
    if (json === undefined) throw new ApiError('NoSuchBucketPolicy', { fields: { BucketName: bucketName } })
    return { status: 200, json }
  }
  return { status: 204 }
}

/** These routes act on none of the headers that S3's operations do; the hash of the body is checked here as well. */
export function factsOf({ request, caller }: Pick<AdminRequest, 'request' | 'caller'>): RequestFacts {
  const { method = '', socket } = request
  const hash = request.headers['x-amz-content-sha256']
  const headers = { ...callerHeaders(request.headers), ...(hash === undefined ? {} : { 'x-amz-content-sha256': hash }) }
  return { method, headers, socket, caller, query: new Map() }
}

/** A document of bounded size, checked against the hash that was signed. Framed bodies are for objects. */
async function readBody(request: IncomingMessage, { payload }: Caller): Promise<Buffer> {
  if (payload.kind === 'signed-chunks' || payload.kind === 'unsigned-chunks') throw new ApiError('InvalidRequest')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limits.documentBytes) throw new ApiError('MaxMessageLengthExceeded')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const isAsSigned =
    payload.kind === 'unsigned' || digestOnce(['SHA256'], body).get('SHA256')?.toString('hex') === payload.hex
  if (!isAsSigned) throw new ApiError('XAmzContentSHA256Mismatch')
  return body
}

function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const shown = error instanceof ApiError ? error : new ApiError('InternalError')
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  const content = {
    Code: shown.code,
    Message: shown.message,
    ...shown.fields,
    Resource: (request.url ?? '').split('?', 1)[0] ?? '',
    RequestId: requestId,
  }
  if (response.headersSent) {
    response.destroy()
    return
  }
  response
    .writeHead(shown.status, {
      ...shown.headers,
      'content-type': 'application/xml',
      'x-amz-request-id': requestId,
      connection: 'close',
    })
    .end(formatXml({ root: 'Error', content }))
}
