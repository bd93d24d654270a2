import { elementAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import { type LockConfiguration, lockConfigurationOf, withLockConfiguration } from '#model/bucket/object-lock.ts'
import { type DefaultRetention, retentionModes } from '#model/object/lock/lock.ts'
import { type BucketSetting, inBucket, xmlDocument } from '#s3/bucket/setting.ts'
import { periodElements, readPeriod } from '#s3/request/documents/lock-documents.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html */
export const objectLock: BucketSetting<LockConfiguration> = {
  subresource: 'object-lock',
  get: { name: 'GetObjectLockConfiguration', action: 's3:GetBucketObjectLockConfiguration' },
  put: { name: 'PutObjectLockConfiguration', action: 's3:PutBucketObjectLockConfiguration', needsChecksum: true },
  missing: 'ObjectLockConfigurationNotFoundError',
  document: xmlDocument({
    root: 'ObjectLockConfiguration',
    parse(content) {
      if (textAt(content, 'ObjectLockEnabled') !== 'Enabled') throw new Error('ObjectLockEnabled must be Enabled')
      const rule = elementAt(content, 'Rule')
      if (rule === undefined) return {}
      const retention = elementAt(rule, 'DefaultRetention')
      if (retention === undefined) throw new Error('a Rule has a DefaultRetention')
      return { defaultRetention: readDefault(retention) }
    },
    format: ({ defaultRetention }) => ({
      ObjectLockEnabled: 'Enabled',
      Rule: defaultRetention && { DefaultRetention: defaultElements(defaultRetention) },
    }),
  }),
  kept: inBucket({ find: lockConfigurationOf, put: withLockConfiguration }),
}

function readDefault(content: XmlElements): DefaultRetention {
  const mode = retentionModes.find((one) => one === textAt(content, 'Mode'))
  if (mode === undefined) throw new Error('a default retention has a mode')
  const period = readPeriod(content, 'Default retention')
  const hold = elementAt(content, 'DefaultEventHold')
  const eventHold = hold && readPeriod(hold, 'Event hold')
  if (hold !== undefined && eventHold === undefined) throw new Error('an event hold has a duration')
  if (period === undefined && eventHold === undefined) throw new Error('a mode has a period')
  return { mode, ...(period && { period }), ...(eventHold && { eventHold }) }
}

const defaultElements = ({ mode, period, eventHold }: DefaultRetention) => ({
  Mode: mode,
  ...periodElements(period),
  DefaultEventHold: eventHold && periodElements(eventHold),
})
