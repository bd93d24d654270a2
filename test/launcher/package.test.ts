/** What `npm pack` makes of a checkout in which nothing was built. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch } from './launcher.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const notChecked = new Set(['.git', 'node_modules', 'dist', 'data'])
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'))
  const checkout = join(folder, 'checkout')
  cpSync(root, checkout, { recursive: true, filter: (path) => path === root || !notChecked.has(basename(path)) })
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const npm = { cwd: checkout, stdio: 'ignore' } as const
  execFileSync('npm', ['pack', '--pack-destination', folder], npm)
  const [archive = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  execFileSync('tar', ['-xzf', join(folder, archive), '-C', folder])
  symlinkSync(join(root, 'node_modules'), join(folder, 'package', 'node_modules'))
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('the package of a clean checkout', () => {
  it('holds the program, its pages and nothing else', () => {
    const names = readdirSync(join(folder, 'package')).filter((name) => name !== 'node_modules')
    expect(names.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'public', 'views'])
    for (const name of ['run.js', 'child.js']) expect(existsSync(join(folder, 'package', 'dist', name))).toBe(true)
  })

  it('runs without the sources: API and console serve', async () => {
    const program = [join(folder, 'package', 'dist', 'run.js')]
    const { said, child, exited } = launch(['--api-port', '0', '--ui-port', '0'], {}, { program })
    const [, api = ''] = await said(/S3 API\s+(http:\/\/\S+)/)
    const [, page = ''] = await said(/Console\s+(http:\/\/\S+)/)
    expect((await fetch(`${api}/healthz`)).status).toBe(200)
    expect((await fetch(page)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
  }, 60_000)
})
