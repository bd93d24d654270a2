import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it, vi } from 'vitest'
import { LogDestination } from '#lib/log/destination.ts'

const folder = mkdtempSync(join(tmpdir(), 'myfsio-log-'))
afterAll(() => rmSync(folder, { recursive: true }))
const module = fileURLToPath(new URL('../../src/lib/log/destination.ts', import.meta.url))

/** A separate process that writes to `target`, which is its standard output or a file. */
function run(target: string, program: string) {
  const source = `import { LogDestination } from ${JSON.stringify(module)}
    const destination = new LogDestination(${target})
    const many = (count) => { for (let i = 0; i < count; i++) destination.write(\`line \${i} of many\\n\`) }
    ${program}`
  const flags = ['--import', 'tsx', '--input-type=module', '-e', source]
  return spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function outputOf(child: ReturnType<typeof run>): Promise<string> {
  let output = ''
  child.stdout.on('data', (piece: Buffer) => {
    output += piece
  })
  await once(child, 'close')
  return output
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i} of many\n`).join('')

it.each([
  [
    'is told to stop',
    "process.on('SIGTERM', () => process.exit(0)); many(20_000); process.kill(process.pid, 'SIGTERM')",
  ],
  ['ends at once, while a write is under way', 'many(20_000); destination.flush(); process.exit(0)'],
  ['ends by an error that is not caught', "many(20_000); throw new Error('a bug')"],
])('loses no line when the process %s', async (_, program) => {
  const output = await outputOf(run('1', program))
  const numbers = [...output.matchAll(/^line (\d+) of many$/gm)].map(([, number]) => Number(number))
  // A write that was under way may have been made twice, and after the last one.
  const all = [...new Set(numbers)].sort((a, b) => a - b)
  expect(all).toEqual(Array.from({ length: 20_000 }, (_, i) => i))
})

it('has written every line but those of the last moment when the process is killed', async () => {
  const file = join(folder, 'killed.log')
  const child = run(
    JSON.stringify(file),
    "many(100); setTimeout(() => console.log('waited'), 200); setInterval(() => {}, 1000)",
  )
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(readFileSync(file, 'utf8')).toBe(lines(100))
})

it('drops lines, and says how many, while its reader does not read', async () => {
  const program = `const long = 'x'.repeat(1_000_000) + '\\n'
    for (let i = 0; i < 40; i++) destination.write(long)
    destination.flush(() => process.exit(0))`
  const output = await outputOf(run('1', program))
  const dropped = /"dropped":(\d+)/.exec(output)?.[1]
  expect(output.split('\n').filter((line) => line.startsWith('xxx')).length + Number(dropped)).toBe(40)
})

it('goes on in a new file when its file was renamed', async () => {
  const file = join(folder, 'app.log')
  const destination = new LogDestination(file)
  destination.write('before\n')
  await new Promise<void>((resolve) => destination.flush(resolve))
  renameSync(file, `${file}.1`)
  let count = 0
  const isAgain = () => {
    destination.write(`after ${count++}\n`)
    try {
      return readFileSync(file, 'utf8').endsWith('\n')
    } catch {
      return false
    }
  }
  await expect.poll(isAgain, { timeout: 15_000, interval: 200 }).toBe(true)
  await new Promise<void>((resolve) => destination.flush(resolve))
  const all = readFileSync(`${file}.1`, 'utf8') + readFileSync(file, 'utf8')
  expect(all).toBe(`before\n${Array.from({ length: count }, (_, i) => `after ${i}\n`).join('')}`)
}, 20_000)

it('has neither a timer nor an open file after it was closed, and drops later lines', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const file = join(folder, 'closed.log')
    const destination = new LogDestination(file)
    destination.write('before\n')
    expect(vi.getTimerCount()).toBe(1)
    await Promise.all([destination.close(), destination.close()])
    destination.write('after\n')
    await new Promise<void>((resolve) => destination.flush(resolve))
    expect(readFileSync(file, 'utf8')).toBe('before\n')
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
