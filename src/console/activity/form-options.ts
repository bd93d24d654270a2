/** The form of a request to IAM or STS, as options of `aws iam` and `aws sts`. */
import { cutMark } from '#access/records/masked-request.ts'
import { mask } from '#model/served-request.ts'

export interface FormOptions {
  /** For example `create-user`. */
  readonly command: string
  /** An option without values is a switch. */
  readonly options: readonly { readonly option: string; readonly values?: readonly string[] }[]
}

/** Undefined for parameters that the commands write differently: structures, pages of a list, cut values. */
export function formOptions(form: readonly (readonly [name: string, value: string])[]): FormOptions | undefined {
  const found = new Map<string, string[]>()
  let command = ''
  for (const [name, value] of form) {
    if (name === 'Version') continue
    const [, plain, isList] = /^([A-Za-z]{1,64})(\.member\.\d{1,3})?$/.exec(name) ?? []
    if (plain === undefined || /^(Marker|MaxItems)$/.test(plain) || value.endsWith(cutMark)) return undefined
    if (plain === 'Action') command = kebab(value)
    else if (isList) found.set(plain, [...(found.get(plain) ?? []), value])
    else found.set(plain, [value === mask ? `<${plain}>` : value])
  }
  if (!/^[a-z][a-z0-9-]*$/.test(command)) return undefined
  const options = [...found].map(([name, values]) => {
    const option = kebab(name)
    const [first] = values
    if (first === 'true') return { option }
    return first === 'false' ? { option: `no-${option}` } : { option, values }
  })
  return { command, options }
}

/** Names in the form of the AWS CLI: `OpenIDConnectProviderArn` is `open-id-connect-provider-arn`. */
const kebab = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
