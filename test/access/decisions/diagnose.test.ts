import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { diagnoseMismatch } from '#signature/diagnose.ts'
import { signingKey } from '#signature/signing-key.ts'

interface Signed {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

const received: Signed = {
  method: 'GET',
  path: '/bucket/a%20b',
  headers: { 'accept-encoding': 'gzip', host: '127.0.0.1:5000', te: 'trailers' },
}
const scope = '20261124/us-east-1/s3/aws4_request'

function canonical({ method, path, headers }: Signed): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
  return `${method}\n${path}\n\n${lines.join('')}\n${Object.keys(headers).join(';')}\nUNSIGNED-PAYLOAD`
}

const toSign = (request: Signed) =>
  `AWS4-HMAC-SHA256\n20261124T000000Z\n${scope}\n${createHash('sha256').update(canonical(request)).digest('hex')}`

/** The hint if this was signed and something else was received. */
function diagnose(
  signed: Partial<Signed>,
  more: {
    secret?: string
    came?: Partial<Signed>
    hosts?: string[]
    acceptedHosts?: string[]
    isProxied?: boolean
  } = {},
): string {
  const came = { ...received, ...more.came }
  const key = signingKey(more.secret ?? 'secret', '20261124', 'us-east-1', 's3')
  return diagnoseMismatch({
    canonicalRequest: canonical(came),
    stringToSign: toSign(came),
    signature: key.sign(toSign({ ...received, ...signed })),
    secretAccessKey: 'secret',
    hosts: more.hosts ?? [],
    acceptedHosts: more.acceptedHosts ?? [],
    isProxied: more.isProxied ?? false,
  })
}

const withHeader = (name: string, value: string) => ({ headers: { ...received.headers, [name]: value } })

describe('the diagnosis of a signature that does not match', () => {
  it('knows a host that was changed, likely or configured', () => {
    expect(diagnose(withHeader('host', 'minio:9000'))).toMatch(/^The host signed is "minio:9000", the host received/)
    expect(diagnose(withHeader('host', '127.0.0.1'))).toMatch(/^The host signed is "127\.0\.0\.1"/)
    const named = diagnose(withHeader('host', 's3.example.com'), { hosts: ['s3.example.com'] })
    expect(named).toMatch(/^The host signed is "s3\.example\.com"/)
  })

  it('knows a path that was encoded twice, or made shorter', () => {
    expect(diagnose({ path: '/bucket/a%2520b' })).toBe('The path was encoded twice before it was signed.')
    const came = { path: '/bucket//a' }
    expect(diagnose({ path: '/bucket/a' }, { came })).toBe('The path was normalised before it was signed.')
  })

  it('knows another method, and headers that proxies change or remove', () => {
    expect(diagnose({ method: 'PUT' })).toBe('The signature is for PUT, the request is GET.')
    expect(diagnose(withHeader('accept-encoding', 'identity'))).toMatch(
      /^The header accept-encoding was signed as "identity"/,
    )
    const came = withHeader('te', '')
    expect(diagnose({}, { came })).toBe('Signed, but not received: te. A proxy may have removed it.')
  })

  it('names the host received and those accepted, where neither the host signed nor the secret can be told', () => {
    const signed = withHeader('host', 'files.example.org')
    const acceptedHosts = ['s3.example.com', 'minio:9000']
    const alone = diagnose(signed)
    expect(alone).toMatch(/^The secret is most likely not/)
    expect(alone).toContain('the Host received is "127.0.0.1:5000", no other host is accepted')
    const proxied = diagnose(signed, { acceptedHosts, isProxied: true })
    expect(proxied).toMatch(/^A proxy may have changed Host: the Host received is "127\.0\.0\.1:5000", hosts accepted/)
    expect(proxied).toContain('"s3.example.com", "minio:9000"')
    expect(proxied).toMatch(/API_BASE_URL or ALLOWED_HOSTS/)
  })

  it('knows an accepted host that addresses another bucket, and a plus that was sent raw', () => {
    const hosts = ['s3.example.com']
    expect(diagnose(withHeader('host', 's3.example.com'), { hosts, acceptedHosts: hosts })).toMatch(/another bucket/)
    expect(diagnose({ path: '/bucket/a%2Bb' })).toMatch(/signed with a plus .* send "%2B"/)
  })

  it('blames the secret for what nothing else explains', () => {
    expect(diagnose({}, { secret: 'other' })).toMatch(/^The secret is most likely not the one of this access key/)
    expect(diagnose({}, { secret: 'secret\n' })).toBe('The secret that the client uses has white space around it.')
  })
})
