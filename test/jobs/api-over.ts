/** APIs that share a folder, and the state of their jobs. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '#config/config.ts'

const everything = [{ bucket: '*', actions: ['*'] }]
/** `admin` and `reader` are of the server's own account. */
const users = [
  { access_key: 'admin', secret_key: 'admin-secret', policies: everything },
  { access_key: 'reader', secret_key: 'reader-secret', policies: [{ bucket: '*', actions: ['list', 'read'] }] },
  { access_key: 'other', secret_key: 'other-secret', account: '111111111111', policies: everything },
]

export const writeUsers = (folder: string) => writeFile(join(folder, 'iam.json'), JSON.stringify({ users }))

export function configOver(folder: string, more: Readonly<Record<string, string>> = {}) {
  const settings = {
    STORAGE_ROOT: join(folder, 'data'),
    IAM_CONFIG: join(folder, 'iam.json'),
    API_PORT: '0',
    SCRUB_INTERVAL: 'off',
    STORAGE_WATCH: 'off',
    DURABILITY: 'none',
    LOG_LEVEL: 'off',
    ...more,
  }
  return loadConfig([], settings, folder)
}

export interface JobTold {
  readonly name: string
  readonly state: string
  readonly starts?: string
  readonly startedAt?: string
  readonly endedAt?: string
  readonly figures: Readonly<Record<string, number>>
}

/** Unsigned where `user` is undefined. */
export function ask(
  port: number,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  user: string | undefined,
  body?: string,
): Promise<Response> {
  const headers: Record<string, string> =
    user === undefined ? {} : { 'x-access-key': user, 'x-secret-key': `${user}-secret` }
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
}

export async function jobOf(port: number, name: string): Promise<JobTold> {
  const { jobs } = (await (await ask(port, 'GET', '/_/jobs', 'admin')).json()) as { jobs: JobTold[] }
  const job = jobs.find((one) => one.name === name)
  if (job === undefined) throw new Error(`There is no job ${name}`)
  return job
}
