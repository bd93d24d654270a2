/** A link that works without signing in, for a limited time. It can do no more than its signer. */
import { encode } from 'uqr'
import { internalApiUrl, shownApiUrl } from '#console/api-urls.ts'
import { nameOf, objectCrumbs } from '#console/objects/folder/folder.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { quoteForShell } from '#lib/text/shell-quote.ts'
import { awsEncode } from '#lib/text/uri.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { authorizeLink, isLinkMethod, type LinkMethod } from '#objects/link.ts'
import { presignV4 } from '#signature/presign.ts'

const presets = [
  [900, '15 minutes'],
  [3600, '1 hour'],
  [43_200, '12 hours'],
  [86_400, '1 day'],
  [604_800, '7 days'],
] as const

interface Asked {
  readonly method: LinkMethod
  readonly seconds: number
  readonly host: string
  readonly isDownload: boolean
  readonly contentType: string
}

export const showPresign: Page = (visit, services) => {
  const host = shownApiUrl(services.config, visit)
  return presignView(visit, services, { method: 'GET', seconds: 3600, host, isDownload: false, contentType: '' })
}

export const makePresigned: Page = async (visit, services) => {
  const asked = readAsked(visit, services)
  const problem = problemOf(asked)
  if (problem !== undefined) return presignView(visit, services, asked, { problem }, 400)
  const { bucket, key, principal } = visit
  try {
    await authorizeLink(services.store, visit.actor, { method: asked.method, bucket, key })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error
    return presignView(visit, services, asked, { problem: error.message }, 403)
  }
  const secretAccessKey = services.secretOf(principal.accessKeyId)
  if (secretAccessKey === undefined) {
    return presignView(
      visit,
      services,
      asked,
      { problem: 'A link is signed with an access key: sign in with one to create links.' },
      400,
    )
  }
  const nowMs = services.clock.nowMs()
  const url = presignV4({
    method: asked.method,
    url: asked.host,
    path: `/${bucket.name}/${awsEncode(key, { keepSlash: true })}`,
    accessKeyId: principal.accessKeyId,
    secretAccessKey,
    region: services.config.region,
    service: services.config.service,
    expiresSeconds: asked.seconds,
    nowMs,
    query: overrides(asked, nameOf(key)),
  })
  return presignView(visit, services, asked, {
    url,
    curl: curlOf(asked.method, url, nameOf(key)),
    expiresAtMs: nowMs + asked.seconds * 1000,
    qr: qrOf(url),
  })
}

function readAsked(visit: Visit, { config }: ConsoleServices): Asked {
  const { form } = visit
  const method = form.get('method') ?? 'GET'
  const preset = form.get('preset') ?? ''
  const seconds = preset === 'exact' ? (form.get('seconds') ?? '') : preset
  return {
    method: isLinkMethod(method) ? method : 'GET',
    seconds: /^\d{1,7}$/.test(seconds) ? Number(seconds) : 0,
    host: (form.get('host') ?? '').trim() || shownApiUrl(config, visit),
    isDownload: form.get('download') === 'on',
    contentType: form.get('contentType')?.trim() ?? '',
  }
}

function problemOf({ seconds, host, contentType }: Asked): string | undefined {
  if (seconds < 1 || seconds > limits.presignSecondsMax)
    return 'A link can be valid from 1 second to 7 days (604,800 seconds).'
  if (!URL.canParse(host) || !/^https?:$/.test(new URL(host).protocol))
    return 'The host must be an http or https address.'
  if (!/^[\x20-\x7e]*$/.test(contentType)) return 'A content type can have printable ASCII characters only.'
  return undefined
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, response-* parameters. */
function overrides({ method, isDownload, contentType }: Asked, name: string): Record<string, string> {
  if (method !== 'GET') return {}
  const encoded = encodeURIComponent(name)
  return {
    ...(isDownload ? { 'response-content-disposition': `attachment; filename*=UTF-8''${encoded}` } : {}),
    ...(contentType === '' ? {} : { 'response-content-type': contentType }),
  }
}

function curlOf(method: LinkMethod, url: string, name: string): string {
  // curl takes `-` and `.` for its own input, and a leading dash for an option.
  const file = quoteForShell(`./${name}`)
  const flags = { GET: `-o ${file}`, PUT: `--upload-file ${file}`, DELETE: '-X DELETE' }[method]
  return `curl --globoff ${flags} ${quoteForShell(url)}`
}

/** The dark modules of a QR code as one SVG path; undefined if the link is too long for one. */
function qrOf(url: string): { size: number; path: string } | undefined {
  try {
    const { data, size } = encode(url, { ecc: 'L', border: 2 })
    const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
    return { size, path }
  } catch {
    return undefined
  }
}

function presignView(
  visit: Visit,
  { config }: ConsoleServices,
  asked: Asked,
  result: Record<string, unknown> = {},
  status = 200,
): View {
  const { bucket, key } = visit
  return {
    view: 'objects/presign',
    title: `Share ${nameOf(key)}`,
    place: 'buckets',
    isDialog: true,
    status,
    crumbs: objectCrumbs(bucket.name, key, 'Share'),
    locals: {
      bucket,
      key,
      name: nameOf(key),
      asked,
      presets,
      hosts: hostsOf(visit, config),
      problem: undefined,
      url: undefined,
      ...result,
    },
  }
}

/** The base URLs at which this server is known to answer. */
function hostsOf(visit: Visit, config: ConsoleServices['config']): string[] {
  const shown = shownApiUrl(config, visit)
  const internal = internalApiUrl(config)
  const local = internal.replace('127.0.0.1', 'localhost')
  return [...new Set([shown, internal, local])]
}
