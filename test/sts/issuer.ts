/** An OpenID Connect issuer on this machine, and the tokens it signs. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface TestIssuer {
  readonly url: string
  readonly publicKey: JWK
  /** How often its keys were fetched. */
  fetches(): number
  token(claims?: Record<string, unknown>, options?: TokenOptions): Promise<string>
  /** From now on signs with a key of another id. */
  rotate(): Promise<void>
  close(): Promise<void>
}

interface TokenOptions {
  readonly issuer?: string
  /** Such as `2h`, or seconds since 1970; null for none. */
  readonly expires?: string | number | null
  readonly kid?: string
}

export async function startTestIssuer(): Promise<TestIssuer> {
  let fetches = 0
  let kid = 0
  let pair = await generateKeyPair('ES256')
  const jwk = async (): Promise<JWK> => ({ ...(await exportJWK(pair.publicKey)), kid: `key-${kid}`, use: 'sig' })
  const keys = [await jwk()]
  const server = http.createServer((request, response) => {
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    response.setHeader('content-type', 'application/json')
    if (request.url === '/realm/keys') {
      fetches++
      response.end(JSON.stringify({ keys }))
    } else if (request.url === '/realm/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: `${at}/realm`, jwks_uri: `${at}/realm/keys` }))
    } else if (request.url === '/moved/.well-known/openid-configuration') {
      response.writeHead(302, { location: '/realm/.well-known/openid-configuration' }).end()
    } else response.writeHead(404).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`
  return {
    url,
    publicKey: await exportJWK(pair.publicKey),
    fetches: () => fetches,
    token: (claims = {}, options = {}) => signToken(pair.privateKey, { url, kid: `key-${kid}` }, claims, options),
    async rotate() {
      kid++
      pair = await generateKeyPair('ES256')
      keys.splice(0, keys.length, await jwk())
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function signToken(
  key: CryptoKey,
  of: { url: string; kid: string },
  claims: Record<string, unknown>,
  { issuer = of.url, expires = '1h', kid = of.kid }: TokenOptions,
): Promise<string> {
  const jwt = new SignJWT({ sub: 'alice', aud: 'the-app', ...claims }).setProtectedHeader({ alg: 'ES256', kid })
  jwt.setIssuer(issuer).setIssuedAt()
  if (expires !== null) jwt.setExpirationTime(expires)
  return jwt.sign(key)
}
