/** Settings of a bucket that are on or off: Requester Pays, Transfer Acceleration, attribute-based access control. */
import { bucketHref } from '#console/address.ts'
import type { Answer, ConsoleServices, Page, Visit } from '#console/page.ts'
import { assertAccelerable } from '#model/bucket/acceleration.ts'
import { withAbac, withPayer } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'

/** A setting as the page shows it. */
export interface Property {
  /** The last part of the URL that sets it. */
  readonly name: string
  readonly title: string
  readonly state: string
  /** The value that the button sets. Absent if the visitor may not set it. */
  readonly button?: { readonly value: string; readonly text: string }
}

/** The properties that the visitor may see. */
export async function propertiesOf({ bucket, may }: Visit, { store }: ConsoleServices): Promise<Property[]> {
  const sees = (action: string) => may(`s3:${action}`, { bucket })
  const button = (
    action: string,
    isOn: boolean,
    [on, off]: readonly [on: string, off: string],
    texts = ['Enable', 'Disable'],
  ) => (sees(action) ? { button: { value: isOn ? off : on, text: (isOn ? texts[1] : texts[0]) ?? '' } } : {})
  const { requesterPays = false, hasAbac = false } = bucket
  const properties: Property[] = []
  if (sees('GetBucketRequestPayment')) {
    properties.push({
      name: 'request-payment',
      title: 'Requester Pays',
      state: requesterPays
        ? 'Enabled: other accounts reach the objects only with x-amz-request-payer: requester, and anonymous requests are refused. Nothing is billed.'
        : 'Disabled: the owner of the bucket pays for all requests.',
      ...button('PutBucketRequestPayment', requesterPays, ['Requester', 'BucketOwner']),
    })
  }
  if (sees('GetAccelerateConfiguration') && !bucket.name.includes('.')) {
    const status = (await store.findSetting(bucket, 'accelerate'))?.status
    properties.push({
      name: 'accelerate',
      title: 'Transfer Acceleration',
      state: `${status ?? 'Never set'}. The status is kept for clients that ask for it; it has no effect on this server.`,
      ...button('PutAccelerateConfiguration', status === 'Enabled', ['Enabled', 'Suspended'], ['Enable', 'Suspend']),
    })
  }
  if (sees('GetBucketAbac')) {
    properties.push({
      name: 'abac',
      title: 'Attribute-based access control (ABAC)',
      state: hasAbac
        ? 'Enabled: policies may have conditions on the tags of this bucket, aws:ResourceTag and s3:BucketTag.'
        : 'Disabled: the tags of this bucket do not affect access.',
      ...button('PutBucketAbac', hasAbac, ['Enabled', 'Disabled']),
    })
  }
  return properties
}

export const setPayer: Page = async ({ bucket, form }, { store }) => {
  const payer = oneOf(form, ['Requester', 'BucketOwner'])
  await store.updateBucket(bucket.name, (current) => withPayer(current, payer))
  return saved(bucket.name, payer === 'Requester' ? 'Requester Pays enabled' : 'Requester Pays disabled')
}

export const setAcceleration: Page = async ({ bucket, form }, { store }) => {
  const status = oneOf(form, ['Enabled', 'Suspended'])
  assertAccelerable(bucket.name)
  await store.putSetting(bucket.name, 'accelerate', { status })
  return saved(bucket.name, `Transfer Acceleration ${status.toLowerCase()}`)
}

export const setAbac: Page = async ({ bucket, form }, { store }) => {
  const status = oneOf(form, ['Enabled', 'Disabled'])
  await store.updateBucket(bucket.name, (current) => withAbac(current, status === 'Enabled'))
  return saved(bucket.name, `Attribute-based access control ${status.toLowerCase()}`)
}

function oneOf<Value extends string>(form: URLSearchParams, values: readonly Value[]): Value {
  const given = values.find((value) => value === form.get('status'))
  if (given === undefined) throw new ApiError('InvalidArgument', { message: `It must be ${values.join(' or ')}.` })
  return given
}

const saved = (bucketName: string, text: string): Answer => ({
  redirect: bucketHref(bucketName, 'settings'),
  notice: { kind: 'done', text },
})
