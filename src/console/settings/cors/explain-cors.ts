/** Whether the rules allow a request of a web page, by which rule, or why not. */
import { type CorsSettings, createCors, isLocalOrigin } from '#http/cors.ts'
import {
  type CorsMismatch,
  type CorsRequest,
  type CorsRule,
  corsHeaders,
  corsMethods,
  corsMismatch,
  isHeaderName,
  requestedHeaderNames,
} from '#model/bucket/cors.ts'

/** The request as it is typed. */
export interface RequestForm {
  readonly origin: string
  readonly method: string
  readonly headers: string
}

export interface CorsAnswer {
  /** The mistake in the typed request. Then the other fields are empty. */
  readonly problem?: string
  readonly isAllowed: boolean
  readonly summary: string
  /** The rules up to the one that allows the request, and why each of the others does not. */
  readonly steps: readonly { readonly title: string; readonly reason: string | undefined }[]
  /** Headers of the answer. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly notes: readonly string[]
}

interface Server {
  readonly settings: CorsSettings
  /** The access key that still has the well-known secret. */
  readonly openKey: string | undefined
}

/** Undefined if the form was not sent. */
export function requestIn(query: URLSearchParams): RequestForm | undefined {
  const origin = query.get('origin')?.trim()
  if (origin === undefined) return undefined
  return { origin, method: query.get('method') ?? 'GET', headers: query.get('headers')?.trim() ?? '' }
}

export function explainCors(rules: readonly CorsRule[] | undefined, form: RequestForm, server: Server): CorsAnswer {
  const read = readRequest(form)
  if (typeof read === 'string') return { ...nothing, problem: read }
  const verdict = rules === undefined ? byServer(read, server.settings) : byRules(rules, read)
  return (
    refusedForSecret(read, server) ?? { ...verdict, notes: [...verdict.notes, ...notesOn(read, verdict.isAllowed)] }
  )
}

const nothing: CorsAnswer = { isAllowed: false, summary: '', steps: [], headers: [], notes: [] }

/** The request, or the mistake in it. */
function readRequest({ origin, method, headers }: RequestForm): CorsRequest | string {
  const asked = requestedHeaderNames(headers.replaceAll(/\s+/g, ','))
  const wrong = asked.find((name) => !isHeaderName(name))
  if (wrong !== undefined) return `${wrong} is not a header name.`
  if (!corsMethods.includes(method)) return `S3 does not support the method ${method} for web pages.`
  if (origin === 'null') return { origin, method, headers: asked }
  if (!URL.canParse(origin) || new URL(origin).host === '')
    return 'An origin is a scheme, a host and a port unless it is the default one, such as https://www.example.com.'
  const { protocol, host } = new URL(origin)
  // As browsers write it: lower case, no path, no default port.
  return { origin: `${protocol}//${host}`, method, headers: asked }
}

function byRules(rules: readonly CorsRule[], request: CorsRequest): CorsAnswer {
  const steps: { title: string; reason: string | undefined }[] = []
  for (const [at, rule] of rules.entries()) {
    const mismatch = corsMismatch(rule, request)
    const title = rule.id === undefined ? `Rule ${at + 1}` : `Rule ${at + 1}, ${rule.id}`
    steps.push({ title, reason: mismatch && reasonOf(mismatch, rule, request) })
    if (mismatch !== undefined) continue
    return {
      isAllowed: true,
      summary: `${title} allows this request.`,
      steps,
      headers: Object.entries(corsHeaders(rule, request)),
      notes: hidesEtag(rule, request) ? [etagNote] : [],
    }
  }
  return { ...nothing, summary: 'No rule allows this request.', steps }
}

const hidesEtag = ({ exposeHeaders }: CorsRule, { method }: CorsRequest): boolean =>
  method === 'PUT' && !exposeHeaders.some((name) => name.toLowerCase() === 'etag')
const etagNote =
  'ETag is not in ExposeHeaders: the page cannot complete a multipart upload, which needs the ETag of each part.'

function reasonOf(mismatch: CorsMismatch, rule: CorsRule, { origin, method }: CorsRequest): string {
  if (mismatch.part === 'headers') return `AllowedHeaders does not include ${mismatch.names.join(', ')}.`
  if (mismatch.part === 'method') return `AllowedMethods does not include ${method}.`
  const near = rule.allowedOrigins.map((pattern) => differenceOf(pattern, origin)).find((hint) => hint !== undefined)
  return `AllowedOrigins does not include ${origin}.${near === undefined ? '' : ` ${near}`}`
}

/** The difference, for origins that look like the origin of the request. */
function differenceOf(pattern: string, origin: string): string | undefined {
  if (pattern.toLowerCase().replace(/\/+$/, '') === origin) {
    return pattern.endsWith('/')
      ? `It has ${pattern}: an origin ends without a slash.`
      : `It has ${pattern}: browsers send origins in lower case.`
  }
  if (!URL.canParse(pattern) || !URL.canParse(origin)) return undefined
  const [listed, asked] = [new URL(pattern), new URL(origin)]
  if (listed.hostname !== asked.hostname) return undefined
  if (listed.protocol !== asked.protocol) return `It has ${pattern}, with another scheme.`
  return listed.port === asked.port ? undefined : `It has ${pattern}, with another port.`
}

function byServer(request: CorsRequest, settings: CorsSettings): CorsAnswer {
  const { origin, method, headers } = request
  const cors = createCors(settings)
  const refused = headers.filter((name) => !allowsHeader(settings, name))
  const reason = !cors.allows(origin)
    ? `CORS_ORIGINS, which is ${settings.origins.join(', ') || 'none'}, does not include ${origin}.`
    : !settings.methods.includes(method)
      ? `CORS_METHODS does not include ${method}.`
      : refused.length > 0
        ? `CORS_ALLOW_HEADERS does not include ${refused.join(', ')}.`
        : undefined
  const isAllowed = reason === undefined
  return {
    isAllowed,
    summary: `The bucket has no CORS rules. The server's settings ${isAllowed ? 'allow' : 'do not allow'} this request.`,
    steps: [{ title: 'Settings of the server', reason }],
    headers: isAllowed ? Object.entries(cors.headers(origin)) : [],
    notes: [],
  }
}

const allowsHeader = ({ allowHeaders }: CorsSettings, name: string): boolean =>
  allowHeaders.some((one) => one === '*' || one.toLowerCase() === name)

function refusedForSecret({ origin }: CorsRequest, { settings, openKey }: Server): CorsAnswer | undefined {
  if (openKey === undefined || isLocalOrigin(origin) || settings.origins.includes(origin)) return undefined
  return {
    ...nothing,
    summary: `The access key ${openKey} still has the well-known default secret. Until it is changed, the server refuses all pages of other machines.`,
  }
}

/** The behaviour of the browser. */
function notesOn({ method, headers }: CorsRequest, isAllowed: boolean): string[] {
  // https://fetch.spec.whatwg.org/#cors-safelisted-request-header
  const isSimple =
    /^(GET|HEAD|POST)$/.test(method) && headers.every((name) => /^(accept(-language)?|content-language)$/.test(name))
  if (isSimple) {
    return isAllowed ? [] : ['The browser sends this request all the same, but the page cannot read the answer.']
  }
  return isAllowed
    ? ['The browser first sends a preflight request (OPTIONS), which is answered 200.']
    : [
        'The browser first sends a preflight request (OPTIONS), which is answered 403, and then does not send this request.',
      ]
}
