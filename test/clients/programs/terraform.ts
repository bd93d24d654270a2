import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Account, awsEnvironment, command, findFirstLine } from '../client.ts'
import type { Step, Traveller } from '../round-trip.ts'

const plan = fileURLToPath(new URL('../terraform', import.meta.url))

/**
 * Identities, KMS keys, buckets with their settings, and objects, by Terraform's aws provider: it reads everything that
 * it writes, and plans a change for each difference. Providers are in TF_PLUGIN_DIR, or come from the registry.
 */
export function terraform(account: Account): Traveller {
  let folder = ''
  const environment = {
    ...awsEnvironment(account),
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
  }
  const run = (...parameters: string[]) => {
    const [name = '', ...more] = parameters
    return command('terraform', [`-chdir=${folder}`, name, '-no-color', '-input=false', ...more], environment)
  }
  const apply = (step: string) => run('apply', '-auto-approve', `-var=step=${step}`)
  const expectNothingToDo = async (step: string) => {
    const said = await run('plan', `-var=step=${step}`)
    if (!said.includes('No changes.')) throw new Error(`there is something left to change:\n${said}`)
  }
  const steps: readonly Step[] = [
    ['makes identities, keys, buckets and objects', () => apply('first')],
    ['finds them as they were written', () => expectNothingToDo('first')],
    ['changes them', () => apply('second')],
    ['finds them as they were changed', () => expectNothingToDo('second')],
    ['deletes them all', () => run('destroy', '-auto-approve')],
    ['leaves nothing behind', () => rm(folder, { recursive: true, force: true })],
  ]
  return {
    name: 'terraform',
    // Without its provider it cannot be a client.
    async findVersion() {
      folder = await mkdtemp(join(tmpdir(), 'terraform-'))
      await cp(plan, folder, { recursive: true })
      const plugins = process.env.TF_PLUGIN_DIR
      const init = run('init', ...(plugins === undefined ? [] : [`-plugin-dir=${plugins}`]))
      const isReady = await init.then(
        () => true,
        () => false,
      )
      if (!isReady) await rm(folder, { recursive: true, force: true })
      return isReady ? findFirstLine('terraform', ['version']) : undefined
    },
    steps: () => steps,
  }
}
