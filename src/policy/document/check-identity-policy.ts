/**
 * Checks that IAM makes in identity and trust policies, and KMS in key policies. Unknown actions are accepted, since
 * they may belong to another service.
 */
import { unknownNames } from './check-resource-policy.ts'
import type { ListElement, ParseOptions, PolicyDocument } from './document.ts'
import { mistake, sentencesOf } from './sentences.ts'

const fail = (message: string, path: string) => mistake('MalformedPolicyDocument', message, path)

export function checkIdentityPolicy(document: PolicyDocument): void {
  checkSids(document)
  document.statements.forEach(({ action, resource }, index) => {
    const path = `Statement[${index}]`
    for (const value of action.values)
      checkVendor(value, `${path}.${action.isNegated ? 'NotAction' : 'Action'}: ${value}`)
    if (resource !== undefined) checkResources(resource, path)
  })
}

const trusted: ReadonlySet<string> = new Set([
  'sts:assumerole',
  'sts:assumerolewithsaml',
  'sts:assumerolewithwebidentity',
  'sts:tagsession',
  'sts:setsourceidentity',
  'sts:setcontext',
])

export function checkTrustPolicy(document: PolicyDocument, { principalExists }: ParseOptions): void {
  checkSids(document)
  document.statements.forEach(({ action, principal }, index) => {
    const path = `Statement[${index}]`
    for (const value of action.values) {
      if (!action.isNegated && trusted.has(value.toLowerCase())) continue
      const only = 'sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity'
      throw fail(`Trust Policy statement actions can only be ${only}`, `${path}.Action: ${value}`)
    }
    if (principal === undefined) return
    for (const name of unknownNames(principal, principalExists)) {
      throw fail(sentencesOf('trust').principal('AWS', name), `${path}.Principal: ${name}`)
    }
  })
}

/** Sids may have spaces, as in the policy that KMS gives a new key. */
export function checkKeyPolicy(document: PolicyDocument, { principalExists }: ParseOptions): void {
  const { code, principal: sentence } = sentencesOf('key')
  document.statements.forEach(({ principal }, index) => {
    if (principal === undefined) return
    for (const name of unknownNames(principal, principalExists)) {
      throw mistake(code, sentence('AWS', name), `Statement[${index}].Principal: ${name}`)
    }
  })
}

function checkSids({ statements }: PolicyDocument): void {
  const seen = new Set<string>()
  statements.forEach(({ sid }, index) => {
    const path = `Statement[${index}].Sid`
    if (sid === undefined || sid === '') return
    if (!/^[0-9A-Za-z]*$/.test(sid)) {
      throw fail(
        'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
        path,
      )
    }
    if (seen.has(sid)) throw fail('Statement IDs (SID) in a single policy must be unique.', path)
    seen.add(sid)
  })
}

function checkVendor(action: string, path: string): void {
  const [vendor = '', ...names] = action.split(':')
  if (action === '*') return
  if (names.length === 0) {
    throw fail('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.', path)
  }
  if (names.length > 1) throw fail('Actions/Condition can contain only one colon.', path)
  if (!/^[a-z0-9.-]+$|^\*$/i.test(vendor)) throw fail(`Vendor ${vendor} is not valid`, path)
}

function checkResources({ values, isNegated }: ListElement, path: string): void {
  for (const value of values) {
    const at = `${path}.${isNegated ? 'NotResource' : 'Resource'}: ${value}`
    if (value === '*') continue
    const [arn, partition, vendor, region] = value.split(':')
    if (partition === undefined || arn !== 'arn') throw fail(`Resource ${value} must be in ARN format or "*".`, at)
    if (!/^(aws|aws-cn|aws-us-gov|\*)$/.test(partition)) {
      throw fail(`Partition "${partition}" is not valid for resource "${value}".`, at)
    }
    if (vendor === undefined || vendor === '') {
      throw fail('Resource vendor must be fully qualified and cannot contain regexes.', at)
    }
    if (vendor === 'iam' && region) throw fail(`IAM resource ${value} cannot contain region information.`, at)
    if (vendor === 's3' && region) throw fail(`Resource ${value} can not contain region information.`, at)
  }
}
