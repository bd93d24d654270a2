import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePort } from '../../bench/servers/own-server.ts'
import { startInBackground, waitUntil } from '../background-program.ts'
import { findInstalled, goProgram } from '../cache.ts'
import { type Account, awsEnvironment } from '../client.ts'
import { makeBucket } from '../make-bucket.ts'
import { expectEqual, type Luggage, type Traveller } from '../round-trip.ts'

const module = goProgram('registry-3.1.2', 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2')
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/**
 * The registry of container images: layers in chunks, multipart copies when an upload becomes a blob, redirects to
 * signed URLs.
 */
export function registry(account: Account): Traveller {
  let program = ''
  return {
    name: 'registry',
    findVersion: async (mayInstall) => {
      const folder = await findInstalled(module, mayInstall)
      if (folder === undefined) return undefined
      program = join(folder, 'bin', 'registry')
      return '3.1.2'
    },
    steps: (luggage) => [
      ['is given a bucket', () => makeBucket(account, luggage.bucket)],
      ['takes an image, gives it and deletes it', () => serveImage(program, account, luggage)],
    ],
  }
}

async function serveImage(program: string, account: Account, { bucket, source, folder }: Luggage): Promise<void> {
  const port = await findFreePort()
  await mkdir(folder, { recursive: true })
  const settings = join(folder, 'registry.yml')
  await writeFile(settings, configuration(account, bucket, port))
  const running = startInBackground(program, ['serve', settings], {
    ...awsEnvironment(account),
    OTEL_TRACES_EXPORTER: 'none',
  })
  try {
    const url = `http://127.0.0.1:${port}`
    await waitUntil('the registry answers', async () => (await fetch(`${url}/v2/`)).ok)
    await pushAndPull(`${url}/v2/image`, await readFile(join(source, 'large.bin')))
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${running.said().slice(-3000)}`)
  } finally {
    await running.stop()
  }
}

async function pushAndPull(image: string, layer: Buffer): Promise<void> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}')
  for (const blob of [config, layer]) await pushBlob(image, blob)
  const described = (mediaType: string, blob: Buffer) => ({ mediaType, digest: digestOf(blob), size: blob.length })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: described('application/vnd.oci.image.config.v1+json', config),
    layers: [described('application/vnd.oci.image.layer.v1.tar', layer)],
  })
  const headers = { 'content-type': manifestType }
  await ask(`${image}/manifests/latest`, { method: 'PUT', headers, body: manifest }, 201)
  const pulled = await ask(`${image}/manifests/latest`, { headers: { accept: manifestType } }, 200)
  expectEqual('the manifest', await pulled.text(), manifest)
  const blob = await ask(`${image}/blobs/${digestOf(layer)}`, {}, 200)
  expectEqual('the layer', digestOf(Buffer.from(await blob.arrayBuffer())), digestOf(layer))
  await ask(`${image}/manifests/${digestOf(Buffer.from(manifest))}`, { method: 'DELETE' }, 202)
}

/** In chunks, like docker push. */
async function pushBlob(image: string, blob: Buffer): Promise<void> {
  const started = await ask(`${image}/blobs/uploads/`, { method: 'POST' }, 202)
  let location = started.headers.get('location') ?? ''
  const half = Math.ceil(blob.length / 2)
  for (const [start, end] of [
    [0, half],
    [half, blob.length],
  ] as const) {
    const headers = { 'content-type': 'application/octet-stream', 'content-range': `${start}-${end - 1}` }
    const sent = await ask(location, { method: 'PATCH', headers, body: new Uint8Array(blob.subarray(start, end)) }, 202)
    location = sent.headers.get('location') ?? ''
  }
  await ask(`${location}&digest=${encodeURIComponent(digestOf(blob))}`, { method: 'PUT' }, 201)
}

async function ask(url: string, init: RequestInit, wanted: number): Promise<Response> {
  const answer = await fetch(url, init)
  if (answer.status !== wanted)
    throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${await answer.text()}`)
  return answer
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const configuration = ({ url, accessKey, secretKey }: Account, bucket: string, port: number) => `version: 0.1
log:
  level: warn
storage:
  s3:
    accesskey: ${accessKey}
    secretkey: ${secretKey}
    region: us-east-1
    regionendpoint: ${url.origin}
    bucket: ${bucket}
    secure: false
    forcepathstyle: true
    chunksize: 5242880
    multipartcopythresholdsize: 5242880
  delete:
    enabled: true
http:
  addr: 127.0.0.1:${port}
`
