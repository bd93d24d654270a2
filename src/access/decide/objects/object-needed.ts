import { ApiError } from '#model/errors.ts'

/**
 * A condition needs the tags of the object, which is not loaded. Callers that can load the version do so and decide
 * again. For all others this error is a refusal.
 */
export class ObjectNeeded extends ApiError {
  constructor() {
    super('AccessDenied')
  }
}
