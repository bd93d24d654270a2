import { ApiError } from '#model/errors.ts'

/**
 * A condition asks for the tags of the object, which is not at hand. Whoever can load the version does, and asks again; to anyone who
 * does not know of this it is a refusal.
 */
export class ObjectNeeded extends ApiError {
  constructor() {
    super('AccessDenied')
  }
}
