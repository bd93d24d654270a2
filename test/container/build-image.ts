/** Executes a Dockerfile without a container engine: each stage has a folder as its root. */
import { spawnSync } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { environmentOf, type Instruction, parseDockerfile, type Stage } from './dockerfile.ts'

export interface Image {
  readonly stage: Stage
  readonly root: string
  readonly user: string
  readonly workdir: string
  readonly environment: Record<string, string>
}

/** The user of the image's Node, as the base image has it. */
const ids: Readonly<Record<string, number>> = { root: 0, node: 1000 }
const root = join(import.meta.dirname, '../..')

export const idsOf = (user: string): string => `${ids[user]}:${ids[user]}`

/** `nodePath` is the program that the image calls `node`. */
export function buildImage(folder: string, nodePath: string): Image {
  const stages = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'))
  const roots = new Map<string | undefined, string>()
  let last: Image | undefined
  for (const [at, stage] of stages.entries()) {
    const stageRoot = join(folder, `stage-${at}`)
    makeRoot(stageRoot)
    roots.set(stage.name, stageRoot)
    last = { stage, root: stageRoot, user: 'root', workdir: '/', environment: environmentOf(stage) }
    last = stage.instructions.reduce((image, instruction) => apply(instruction, image, roots, nodePath), last)
  }
  if (last === undefined) throw new Error('The Dockerfile has no stage')
  return last
}

/** With Debian's links to folders of /usr. */
function makeRoot(folder: string): void {
  for (const name of ['usr', 'etc', 'dev', 'proc', 'tmp', 'root', 'local-bin', 'data']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    if (existsSync(`/${name}`)) symlinkSync(`usr/${name}`, join(folder, name))
  const settings = join(homedir(), '.npmrc')
  if (existsSync(settings)) cpSync(settings, join(folder, 'root', '.npmrc'))
}

function apply(
  { name, options, rest }: Instruction,
  image: Image,
  roots: ReadonlyMap<string | undefined, string>,
  nodePath: string,
): Image {
  const { workdir } = image
  if (name === 'WORKDIR') {
    mkdirSync(join(image.root, rest), { recursive: true })
    return { ...image, workdir: rest }
  }
  if (name === 'COPY') {
    const words = rest.split(' ')
    const target = join(image.root, words.at(-1)?.startsWith('/') ? '' : workdir, words.at(-1) ?? '')
    for (const source of words.slice(0, -1))
      copy(source, options.from === undefined ? undefined : roots.get(options.from), target)
    if (options.chown !== undefined) chownSync(target, ids.node ?? 0, ids.node ?? 0)
  } else if (name === 'RUN') {
    console.log(`RUN ${rest}`)
    enter(image, nodePath, ['sh', '-c', `cd ${workdir} && ${rest}`])
  } else if (name === 'USER') return { ...image, user: rest }
  return image
}

/** From another stage, or from the checkout without the files in .dockerignore. */
function copy(source: string, from: string | undefined, target: string): void {
  if (from !== undefined) {
    cpSync(join(from, source), target, { recursive: true, verbatimSymlinks: true })
    return
  }
  const path = join(root, source)
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
  const isSent = (file: string) =>
    dirname(file) !== root || !ignored.some((pattern) => matches(basename(file), pattern))
  if (source === '.') cpSync(path, target, { recursive: true, filter: isSent })
  else cpSync(path, join(target, basename(source)))
}

const matches = (name: string, pattern: string): boolean =>
  pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern

function enter({ root: folder, user }: Image, nodePath: string, command: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    enterArguments(folder, nodePath, idsOf(user), false, command),
    {
      env: { ...process.env, HOME: '/root', PATH: path },
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`It failed with ${status}: ${stdout}${stderr}`)
}

export const path = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'

export function enterArguments(
  folder: string,
  nodePath: string,
  user: string,
  isReadOnly: boolean,
  command: readonly string[],
): string[] {
  const script = join(import.meta.dirname, 'enter.sh')
  const isolation = ['--mount', '--pid', '--fork', '--kill-child']
  return [...isolation, script, folder, nodePath, user, isReadOnly ? 'yes' : 'no', ...command]
}
