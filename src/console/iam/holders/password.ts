/** The console password of a user. */

import { createLogin, getLogin, getUser } from '#identity/accounts/users.ts'
import { refuseLimitedMaker } from '#identity/secrets/credential-maker.ts'
import { formatPassword } from '#identity/secrets/password.ts'
import { ApiError } from '#model/errors.ts'
import { changing } from './change-holder.ts'

const passwordMin = 8

export const setPassword = changing(
  'password',
  'Password set',
  async ({ iam, name, arn }, { form }, { identities }) => {
    const password = form.get('password') ?? ''
    if (password.length < passwordMin) {
      throw new ApiError('PasswordPolicyViolation', {
        message: `Password should have a minimum length of ${passwordMin}`,
      })
    }
    const has = getUser(iam.account, name).login !== undefined
    const action = has ? 'UpdateLoginProfile' : 'CreateLoginProfile'
    iam.authorize(action, arn)
    refuseLimitedMaker(iam.visitor, identities.directory, action)
    const passwordHash = await formatPassword(password)
    await iam.change((account, nowMs) => {
      const user = getUser(account, name)
      if (user.login === undefined) createLogin(user, { passwordHash, mustChange: false }, nowMs)
      else Object.assign(user.login, { passwordHash, mustChange: false })
    })
  },
  'users',
)

export const removePassword = changing(
  'password',
  'Password removed',
  async ({ iam, name, arn }) => {
    iam.authorize('DeleteLoginProfile', arn)
    await iam.change((account) => {
      const user = getUser(account, name)
      getLogin(user)
      delete user.login
    })
  },
  'users',
)
