import { byServer, type Origin } from '#model/origin.ts'

const server = byServer('Server')

/** Calls that do not say who asked are the server's own. */
export const originOf = (origin: Origin | undefined): Origin => origin ?? server
