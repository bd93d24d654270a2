import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Account, type Client, command, findFirstLine } from '../client.ts'
import { listTree } from '../tree.ts'

/** curl signs its requests; a sync is made of single requests. It has no multipart. */
export function curl(account: Account): Client {
  const settings = ['--globoff', '-sS', '--fail', '--user', `${account.accessKey}:${account.secretKey}`]
  const signing = ['--aws-sigv4', 'aws:amz:us-east-1:s3']
  const at = (bucket: string, key = '') =>
    `${account.url.origin}/${[bucket, ...key.split('/')].map(encode).join('/')}`.replace(/\/$/, '')
  const run = (...parameters: string[]) => command('curl', [...settings, ...signing, ...parameters])
  const listKeys = async (bucket: string) => {
    const listed = await run(`${at(bucket)}?encoding-type=url&list-type=2`)
    return [...listed.matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) =>
      decodeURIComponent((match[1] ?? '').replaceAll('+', ' ')),
    )
  }
  return {
    name: 'curl',
    findVersion: async () => {
      const manual = await findFirstLine('curl', ['--version'])
      const isSigning = (await command('curl', ['--help', 'all']).catch(() => '')).includes('--aws-sigv4')
      return isSigning ? manual : undefined
    },
    createBucket: async (bucket) => {
      await run('--request', 'PUT', at(bucket))
    },
    syncUp: async (folder, bucket) => {
      for (const name of await listTree(folder)) {
        // Older curls sign the body's hash but do not send it, and do not hash an uploaded file.
        const payload = ['--header', 'x-amz-content-sha256: UNSIGNED-PAYLOAD']
        await run(...payload, '--upload-file', join(folder, name), at(bucket, name))
      }
    },
    syncDown: async (bucket, folder) => {
      for (const key of await listKeys(bucket)) {
        await mkdir(dirname(join(folder, key)), { recursive: true })
        await run('--output', join(folder, key), at(bucket, key))
      }
    },
    presign: async () => undefined,
    listKeys,
    deleteBucket: async (bucket) => {
      for (const key of await listKeys(bucket)) await run('--request', 'DELETE', at(bucket, key))
      await run('--request', 'DELETE', at(bucket))
    },
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
