/**
 * `npm run test:container [-- --node PATH]`: executes the Dockerfile in a new folder and starts the result like a
 * container: with a read-only root, as the user of the image, by a command line that was written for MinIO. Needs root,
 * but no container engine.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { freePort } from '../support/free-port.ts'
import { buildImage, enterArguments, type Image, idsOf, path } from './build-image.ts'
import { commandOf } from './dockerfile.ts'

const layersMaxMB = 45
const { values } = parseArgs({ options: { node: { type: 'string', default: process.execPath } } })
const credentials = { accessKeyId: 'container', secretAccessKey: 'container-secret' }

function check(what: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`)
  if (!holds) process.exitCode = 1
}

if (spawnSync('unshare', ['--mount', '--pid', '--fork', 'chroot', '/', 'true']).status === 0) await testContainer()
else console.log('Skipped: it needs the rights to make namespaces.')

async function testContainer(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'container-'))
  try {
    const image = buildImage(folder, values.node)
    checkSize(image)
    await testRunning(image)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function checkSize({ root }: Image): void {
  const [sizeKiB = ''] = execFileSync('du', ['-sk', join(root, 'app')], { encoding: 'utf8' }).split('\t')
  const sizeMB = (Number(sizeKiB) * 1024) / 1e6
  const packed = execFileSync('tar', ['-C', root, '-cz', 'app'], { maxBuffer: 1e9 }).length / 1e6
  check(`its own layers have ${sizeMB.toFixed(1)} MB, ${packed.toFixed(1)} MB compressed`, sizeMB <= layersMaxMB)
}

async function testRunning(image: Image): Promise<void> {
  const [apiPort, uiPort] = [await freePort(), await freePort()]
  const server = ['server', '/data', '--address', `127.0.0.1:${apiPort}`, '--console-address', `:${uiPort}`]
  const { stage, root, user, environment } = image
  const command = [...commandOf(stage, 'ENTRYPOINT'), ...server]
  const env = {
    ...environment,
    ...{ PATH: path, MINIO_ROOT_USER: credentials.accessKeyId, MINIO_ROOT_PASSWORD: credentials.secretAccessKey },
  }
  const child = spawn('unshare', enterArguments(root, values.node, idsOf(user), true, command), { env, stdio: 'pipe' })
  try {
    console.log(await ready(child))
    const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    check('it runs as the user of the image', readFileSync(`/proc/${pid}/status`, 'utf8').includes('\nUid:\t1000\t'))
    const health = commandOf(stage, 'HEALTHCHECK')
    check('the health check finds it without flags', inside(pid, user, health) === 0)
    const endpoint = `http://127.0.0.1:${apiPort}`
    check('an object comes back', (await roundTrip(endpoint)) === 'hello')
    const probe = await fetch(`${endpoint}/minio/health/live`)
    const page = await fetch(`http://127.0.0.1:${uiPort}/ui/sign-in`)
    check('probes and console answer', probe.status === 200 && page.status === 200)
    process.kill(Number(pid), 'SIGTERM')
    const [code] = await once(child, 'exit')
    check('it ends with 0 on SIGTERM', code === 0)
  } finally {
    child.kill('SIGKILL')
  }
}

async function ready(child: ChildProcess): Promise<string> {
  let said = ''
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (piece: Buffer) => {
        said += piece
        const [line] = /.*ready in .*/.exec(said) ?? []
        if (line !== undefined) resolve(line.trim())
      })
    }
    child.once('exit', (code) => reject(new Error(`It ended with ${code} and said: ${said}`)))
  })
}

/** In the container with the process id of its process 1. */
function inside(pid: string, user: string, command: readonly string[]): number | null {
  const [uid = '', gid = ''] = idsOf(user).split(':')
  const where = ['--target', pid, '--mount', '--pid', '--root', '--setuid', uid, '--setgid', gid]
  const { status, stdout, stderr } = spawnSync(
    'nsenter',
    [...where, 'sh', '-c', 'cd / && exec "$@"', 'sh', ...command],
    {
      env: { PATH: path },
      encoding: 'utf8',
    },
  )
  console.log(`${stdout}${stderr}`.trim())
  return status
}

async function roundTrip(endpoint: string): Promise<string | undefined> {
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
  const object = { Bucket: 'container', Key: 'a.txt' }
  await client.send(new CreateBucketCommand({ Bucket: object.Bucket }))
  await client.send(new PutObjectCommand({ ...object, Body: 'hello' }))
  const { Body } = await client.send(new GetObjectCommand(object))
  const text = await Body?.transformToString()
  client.destroy()
  return text
}
