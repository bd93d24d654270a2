/** ARNs of principals. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
import { accountPart, numberless } from '#model/account.ts'

type Noun = 'user' | 'group' | 'role' | 'policy' | 'instance-profile'

export const arnOf = (account: string, noun: Noun, entity: { path: string; name: string }): string =>
  `arn:aws:iam::${accountPart(account)}:${noun}${entity.path}${entity.name}`

export const rootArn = (account: string): string => `arn:aws:iam::${accountPart(account)}:root`

export const assumedRoleArn = (account: string, roleName: string, sessionName: string): string =>
  `arn:aws:sts::${accountPart(account)}:assumed-role/${roleName}/${sessionName}`

export const federatedUserArn = (account: string, name: string): string =>
  `arn:aws:sts::${accountPart(account)}:federated-user/${name}`

export interface IamArn {
  readonly account: string
  /** `user`, `role`... or `root`. */
  readonly noun: string
  readonly path: string
  readonly name: string
}

/** Undefined if it is not an ARN of IAM. */
export function parseIamArn(arn: string): IamArn | undefined {
  const [, account, noun, path, name] = /^arn:aws:iam::(\d{12}|aws|):([a-z-]+)(?:(\/.*\/|\/)([^/]+))?$/.exec(arn) ?? []
  if (account === undefined || noun === undefined) return undefined
  if (name === undefined && noun !== 'root') return undefined
  return { account: account === '' ? numberless : account, noun, path: path ?? '', name: name ?? '' }
}
