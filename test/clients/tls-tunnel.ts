/** TLS before the server, for clients that send no keys without it: the same requests, decrypted on their way. */
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createServer } from 'node:tls'
import { command } from './client.ts'

export interface Tunnel {
  readonly url: URL
  /** In PEM, self-signed. */
  readonly certificatePath: string
  close(): void
}

export async function openTunnel(to: URL, folder: string): Promise<Tunnel> {
  const [key, certificatePath] = [join(folder, 'tunnel-key.pem'), join(folder, 'tunnel.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', key, '-out', certificatePath]
  await command('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, ...files])
  const certificate = { key: await readFile(key), cert: await readFile(certificatePath) }
  const server = createServer(certificate, (socket) => {
    const inner = connect(Number(to.port), to.hostname)
    // A client may leave at any time.
    pipeline(socket, inner, socket, () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}`)
  return { url, certificatePath, close: () => void server.close() }
}
