/**
 * Access key and secret of the first user of a local server. They are public, so web pages that a user visits know them
 * too.
 */
export const wellKnownSecret = 'localadmin'
