/** Whether a host name, in lower case, always means the machine that uses it. */
export function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || /^(127\.\d+\.\d+\.\d+|\[::1\])$/.test(name)
}
