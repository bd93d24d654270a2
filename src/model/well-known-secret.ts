/** Access key and secret of the first user on a machine of one's own. Everybody knows them, and so do the web pages that one visits. */
export const wellKnownSecret = 'localadmin'
