/** Makes what running ceph/s3-tests takes: a work tree and a Python virtual environment with its requirements. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const marker = 's3tests/functional/test_s3.py'

/** A work tree is used as it is; of a bare repository, HEAD is unpacked into `folder`. */
export async function unpackSuite(checkout: string, folder: string): Promise<string> {
  const path = resolve(checkout)
  if (existsSync(join(path, marker))) return path
  const archive = join(folder, 'suite.tar')
  await run('git', ['--git-dir', path, 'archive', '--output', archive, 'HEAD'])
  const tree = join(folder, 'suite')
  await mkdir(tree)
  await run('tar', ['-xf', archive, '-C', tree])
  if (!existsSync(join(tree, marker))) throw new Error(`${checkout} holds no ${marker}.`)
  return tree
}

/** Gives the environment's Python. Kept between runs for as long as the suite's requirements stay the same. */
export async function makePython(suite: string): Promise<string> {
  const requirements = await readFile(join(suite, 'requirements.txt'), 'utf8')
  const id = createHash('sha256').update(requirements).digest('hex').slice(0, 12)
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const folder = join(cache, 'myfsio', `s3-tests-${id}`)
  const python = join(folder, 'bin', 'python')
  const done = join(folder, 'complete')
  if (existsSync(done)) return python
  console.log(`Making a Python environment in ${folder}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(cache, 'myfsio'), { recursive: true })
  await run('python3', ['-m', 'venv', folder])
  const install = ['-m', 'pip', 'install', '--quiet', '-r', join(suite, 'requirements.txt'), 'pytest-timeout']
  await run(python, install, { maxBuffer: 64 * 1024 * 1024 })
  await writeFile(done, '')
  return python
}
