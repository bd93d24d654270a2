/**
 * An OpenID Connect issuer where the suite's web identity tests expect one: http://localhost:8080/auth/realms/REALM.
 */
import http, { type Server } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export interface WebIdentity {
  readonly token: string
  readonly audience: string
  readonly subject: string
  readonly authorizedParty: string
  /** The token of a user with tags. */
  readonly userToken: string
  readonly thumbprint: string
  readonly realm: string
}

export interface Issuer {
  readonly webIdentity: WebIdentity
  close(): Promise<void>
}

const port = 8080
const realm = 'suite'
const issuer = `http://localhost:${port}/auth/realms/${realm}`

/** Undefined if another program uses the port. */
export async function startIssuer(): Promise<Issuer | undefined> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'suite', alg: 'RS256', use: 'sig' }
  const documents: Record<string, object> = {
    [`/auth/realms/${realm}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/certs` },
    [`/auth/realms/${realm}/certs`]: { keys: [jwk] },
  }
  const server = http.createServer((request, response) => {
    const document = documents[request.url ?? '']
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  if (!(await isListening(server))) return undefined
  const claims = { azp: 'suite-client', aud: 'account', sub: 'subject-of-the-suite' }
  const sign = (more: object) =>
    new SignJWT({ ...claims, ...more })
      .setProtectedHeader({ alg: 'RS256', kid: 'suite' })
      .setIssuer(issuer)
      .setIssuedAt()
      .setExpirationTime('4h')
      .sign(privateKey)
  const tags = { principal_tags: { Department: ['Engineering'] } }
  return {
    webIdentity: {
      token: await sign({}),
      audience: claims.aud,
      subject: claims.sub,
      authorizedParty: claims.azp,
      userToken: await sign({ 'https://aws.amazon.com/tags': tags }),
      thumbprint: '0123456789abcdef0123456789abcdef01234567',
      realm,
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function isListening(server: Server): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, 'localhost', () => resolve(true))
  })
}
