/** The result of `npm pack` in a checkout without a build, and the requirements of its installation. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examplesIn } from '../docs/examples.ts'
import { launch } from './launcher.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const notChecked = new Set(['.git', 'node_modules', 'dist', 'data'])
const installedMaxMiB = 40
const packagesMax = 15
let folder = ''
let unpacked = ''
/** The folders of the packages that `npm install --omit=dev` installs beside ours, from `node_modules`. */
let needed: string[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'))
  unpacked = join(folder, 'package')
  const checkout = join(folder, 'checkout')
  cpSync(root, checkout, { recursive: true, filter: (path) => path === root || !notChecked.has(basename(path)) })
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: checkout, stdio: 'ignore' })
  const [archive = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  execFileSync('tar', ['-xzf', join(folder, archive), '-C', folder])
  const listed = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: root, encoding: 'utf8' })
  const [, ...folders] = listed.trim().split('\n')
  needed = folders.map((path) => relative(join(root, 'node_modules'), path))
  for (const name of needed) {
    const link = join(unpacked, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), link)
  }
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('the package of a clean checkout', () => {
  it('holds the program, its pages and nothing else', () => {
    const names = readdirSync(unpacked).filter((name) => name !== 'node_modules')
    expect(names.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'public', 'views'])
    const built = readdirSync(join(unpacked, 'dist'))
    const programs = ['run', 'child', 'lane-worker', 'spares-worker', 'read-index'].map((name) => `${name}.js`)
    const library = ['embed.js', 'embed-module.js', 'embed.cjs', 'embed.d.ts', 'embed.d.cts']
    expect(built).toEqual(expect.arrayContaining([...programs, ...library, 'browser', 'THIRD-PARTY.md']))
    expect(readdirSync(join(unpacked, 'dist', 'browser'))).toEqual(['highlight.js', 'pdf.mjs', 'pdf.worker.mjs'])
  })

  it('imports nothing that is not installed with it', () => {
    const files = readdirSync(join(unpacked, 'dist')).filter((name) => name.endsWith('.js'))
    const imported = files.flatMap((name) => packagesImportedBy(readFileSync(join(unpacked, 'dist', name), 'utf8')))
    const { dependencies } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'))
    expect(new Set(imported)).toEqual(new Set(Object.keys(dependencies)))
  })

  it('names the licenses of what was built into it', () => {
    const notices = readFileSync(join(unpacked, 'dist', 'THIRD-PARTY.md'), 'utf8')
    for (const name of ['express', 'zod', 'pdfjs-dist', '@highlightjs/cdn-assets'])
      expect(notices).toContain(`## ${name} `)
    expect(notices).not.toContain('License: undefined')
  })

  it(`is installed with fewer than ${packagesMax} others, and at most ${installedMaxMiB} MiB`, () => {
    expect(needed).not.toEqual([])
    expect(needed.length).toBeLessThan(packagesMax)
    const sizes = [join(unpacked), ...needed.map((name) => join(root, 'node_modules', name))].map(sizeOf)
    expect(sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20).toBeLessThan(installedMaxMiB)
  })

  it('runs without the sources: API and console serve', async () => {
    const program = [join(unpacked, 'dist', 'run.js')]
    const { said, child, exited } = launch(['--api-port', '0', '--ui-port', '0'], {}, { program })
    const [, api = ''] = await said(/S3 API\s+(http:\/\/\S+)/)
    const [, page = ''] = await said(/Console\s+(http:\/\/\S+)/)
    expect((await fetch(`${api}/healthz`)).status).toBe(200)
    const [, assets = ''] = /"(\/ui\/assets\/\w+)\//.exec(await (await fetch(page)).text()) ?? []
    expect((await fetch(new URL(`${assets}/npm/pdf.mjs`, page))).status).toBe(200)
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
  }, 60_000)
})

describe('the package as a library', () => {
  let app: string
  beforeAll(() => {
    app = join(folder, 'app')
    const packages = { myfsio: unpacked, '@aws-sdk': undefined, vitest: undefined }
    mkdirSync(join(app, 'node_modules'), { recursive: true })
    for (const [name, path = join(root, 'node_modules', name)] of Object.entries(packages)) {
      symlinkSync(path, join(app, 'node_modules', name))
    }
    const page = readFileSync(join(root, 'docs', 'testing.md'), 'utf8')
    for (const [name, code] of examplesIn(page)) writeFileSync(join(app, name), code)
  })
  const run = (...words: string[]) =>
    execFileSync(process.execPath, words, { cwd: app, encoding: 'utf8', stdio: 'pipe' })

  it('is required, and writes nothing of its own to standard output', () => {
    expect(run('photos.cjs')).toMatch(/^S3 is at http:\/\/127\.0\.0\.1:\d+\n$/)
  }, 60_000)

  it('is imported', () => {
    expect(run('rights.mjs')).toBe('AccessDenied\n')
  }, 60_000)

  it('serves tests', () => {
    expect(run(join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'photos.test.mjs')).toContain('2 passed')
  }, 60_000)

  it('has types, for modules and CommonJS', () => {
    const text = `import { startMyFSIO, type MyFSIO } from 'myfsio'\nexport const started: Promise<MyFSIO> = startMyFSIO({ port: 1 })\n`
    for (const name of ['types.mts', 'types.cts']) writeFileSync(join(app, name), text)
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
    ]
    run(join(root, 'node_modules/typescript/bin/tsc'), ...flags, 'types.mts', 'types.cts')
  }, 60_000)
})

/** From the statements of esbuild, each on its own line. */
function packagesImportedBy(source: string): string[] {
  const specifiers = [...source.matchAll(/^(?:import|export|\}) ?(?:[^;\n]*? ?from )?"([^"]+)";$/gm)].map(
    ([, name]) => name,
  )
  return specifiers.filter((name = '') => !/^(\.|node:)/.test(name) && !builtinModules.includes(name)).map(String)
}

/** Bytes on disk; targets of links do not count. */
function sizeOf(path: string): number {
  const stats = lstatSync(path)
  if (!stats.isDirectory()) return stats.isSymbolicLink() ? 0 : stats.blocks * 512
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), stats.blocks * 512)
}
