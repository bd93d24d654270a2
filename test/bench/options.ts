/** The command line of the benchmark. */
import { parseArgs } from 'node:util'

export const workNames = ['get', 'head', 'put', 'list', 'versions', 'delete', 'get64', 'put64', 'complete'] as const
export type WorkName = (typeof workNames)[number]

export interface BenchOptions {
  /** An endpoint that runs already. */
  readonly target?: URL
  /** Its process, if it runs on this machine: its tree's CPU and memory are read. */
  readonly pid?: number
  /** The benchmark starts and stops it; `target` is its address. */
  readonly command?: string
  readonly accessKey: string
  readonly secretKey: string
  readonly works: ReadonlySet<WorkName>
  /** The seconds of each round. */
  readonly seconds: number
  readonly rounds: number
  readonly durabilities: readonly string[]
  readonly workers?: string
  readonly isSmoke: boolean
  readonly isLarge: boolean
  readonly isMarkdown: boolean
  readonly hasPolicies: boolean
  /** For each configuration of this server, also measures one that encrypts all objects, in the same rounds. */
  readonly hasSealed: boolean
  /** Nodes over a PostgreSQL and an S3 store instead. */
  readonly isCluster: boolean
  /** The part of a core that each node may use. Undefined: no limit. */
  readonly shareCores?: number
}

const usage = `npm run bench -- [options]
  --target URL          measure an endpoint that runs already instead of this server
  --pid N               ... and read the CPU time of this process's tree
  --command "..."       start this (in a shell), measure it at --target, stop it
  --access-key, --secret-key   credentials (localadmin)
  --only LIST           some of ${workNames.join(',')}
  --seconds N           time for each work in each round (2)
  --rounds N            turns that the candidates take at each work; medians are told (6)
  --durability LIST     strict,relaxed,none (strict,relaxed)
  --workers N           API workers instead of the launcher's choice
  --large               list in a bucket of 1,000,000 objects too
  --policies            GET 4 KiB in turns with and without a bucket policy of 50 statements
  --sealed              the same server with DEFAULT_ENCRYPTION=AES256 beside it
  --cluster             one node and two, beside the PostgreSQL and the S3 store that they stand on: get, put, get64, put64
  --share CORES         with --cluster: each node may use this part of a core, such as 0.3 (Linux, as root)
  --smoke               short, to see that everything works
  --markdown            print the table as Markdown`

export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      target: { type: 'string' },
      pid: { type: 'string' },
      command: { type: 'string' },
      'access-key': { type: 'string', default: 'localadmin' },
      'secret-key': { type: 'string', default: 'localadmin' },
      only: { type: 'string', default: workNames.join(',') },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      durability: { type: 'string' },
      workers: { type: 'string' },
      policies: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      sealed: { type: 'boolean', default: false },
      cluster: { type: 'boolean', default: false },
      share: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const chosen = values.only.split(',')
  const unknown = chosen.filter((name) => !workNames.some((known) => known === name))
  if (unknown.length > 0) throw new Error(`--only does not know ${unknown.join(', ')}.\n${usage}`)
  if (values.command && !values.target) throw new Error('--command needs --target: where will it answer?')
  return {
    ...(values.target ? { target: new URL(values.target) } : {}),
    ...(values.pid ? { pid: Number(values.pid) } : {}),
    ...(values.command ? { command: values.command } : {}),
    ...(values.workers ? { workers: values.workers } : {}),
    ...(values.share ? { shareCores: Number(values.share) } : {}),
    accessKey: values['access-key'],
    secretKey: values['secret-key'],
    works: new Set(workNames.filter((name) => chosen.includes(name))),
    seconds: Number(values.seconds ?? (values.smoke ? 1 : 2)),
    rounds: Number(values.rounds ?? (values.smoke ? 1 : 6)),
    durabilities: (values.durability ?? (values.smoke ? 'strict' : 'strict,relaxed')).split(','),
    isSmoke: values.smoke,
    isLarge: values.large,
    isMarkdown: values.markdown,
    hasPolicies: values.policies,
    hasSealed: values.sealed,
    isCluster: values.cluster,
  }
}
