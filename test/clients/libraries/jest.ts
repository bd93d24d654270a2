import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { examplesIn } from '../../docs/examples.ts'
import { root } from '../../docs/parts.ts'
import { command } from '../client.ts'
import type { Traveller } from '../round-trip.ts'

const version = '30.5.2'
const packages = [`jest@${version}`, '@aws-sdk/client-s3']
const quietly = ['--silent', '--no-audit', '--no-fund']

/** The installed package `myfsio` in the tests of docs/testing.md: Jest runs each in its own context. */
export function jest(): Traveller {
  return {
    name: 'jest',
    // Nothing is kept: it is installed beside the package of this very source.
    findVersion: async (mayInstall) => (mayInstall ? version : undefined),
    steps: ({ folder }) => {
      const jestOn = (file: string, options: string) =>
        command(join(folder, 'node_modules', '.bin', 'jest'), ['--rootDir', folder, file], { NODE_OPTIONS: options })
      return [
        ['is installed beside the package', () => install(folder)],
        ['runs a test in CommonJS', () => jestOn('photos.test.cjs', '')],
        ['runs a test as an ES module', () => jestOn('photos.test.mjs', '--experimental-vm-modules')],
      ]
    },
  }
}

async function install(folder: string): Promise<void> {
  await mkdir(folder)
  await command('npm', ['pack', '--silent', '--pack-destination', folder, root])
  const [archive = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  await command('npm', ['install', ...quietly, '--prefix', folder, join(folder, archive), ...packages])
  const page = await readFile(join(root, 'docs', 'testing.md'), 'utf8')
  for (const [name, code] of examplesIn(page)) {
    await writeFile(join(folder, name), code.replace("from 'vitest'", "from '@jest/globals'"))
  }
}
