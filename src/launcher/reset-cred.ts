/** `--reset-cred`: a new secret for the administrator, in iam.json; running servers take it up at once. */
import { z } from 'zod'
import { type AppConfig, defaultCredential } from '#config.ts'
import { Document } from '#documents/document.ts'
import { type Credentials, newSecret } from './first-start.ts'

const schema = z.looseObject({ users: z.array(z.looseObject({ access_key: z.string() })) })

export async function resetCredentials(config: AppConfig): Promise<Credentials> {
  const accessKey = config.adminAccessKey ?? defaultCredential
  const secretKey = config.adminSecretKey ?? newSecret()
  const say = (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
  const log = { error: say, info: () => {} }
  const document = await Document.open({ path: config.iamPath, schema, initial: () => ({ users: [] }), log })
  await document.update((value) => {
    const others = value.users.filter((user) => user.access_key !== accessKey)
    const old = value.users.find((user) => user.access_key === accessKey)
    const everything = [{ bucket: '*', actions: ['list', 'read', 'write', 'delete', 'share', 'policy', 'iam:*'] }]
    const admin = {
      display_name: 'Local Admin',
      ...old,
      access_key: accessKey,
      secret_key: secretKey,
      policies: everything,
    }
    return { ...value, users: [admin, ...others] }
  })
  await document.close()
  return { accessKey, secretKey }
}
