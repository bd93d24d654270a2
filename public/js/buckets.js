// The list of buckets: shows the mistake in a name before it is sent.
const rules = [
  [/^.{3,63}$/, 'A name has 3 to 63 characters.'],
  [/^[a-z0-9.-]+$/, 'Only lower-case letters, digits, dots and hyphens.'],
  [/^[a-z0-9].*[a-z0-9]$/, 'A name begins and ends with a letter or a digit.'],
  [/^(?!.*(\.\.|\.-|-\.))/, 'A dot needs a letter or a digit on each side.'],
  [/^(?!\d+\.\d+\.\d+\.\d+$)/, 'A name cannot be an IP address.'],
  [/^(?!xn--|sthree-|amzn-s3-demo-)/, 'This prefix is reserved by AWS.'],
  [/^(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)/, 'This suffix is reserved by AWS.'],
]
const name = document.querySelector('[data-bucket-name]')
const problem = document.getElementById('name-problem')
name?.addEventListener('input', () => {
  const text = name.value.trim()
  const broken = text.length < 3 ? undefined : rules.find(([rule]) => !rule.test(text))
  problem.hidden = broken === undefined
  problem.querySelector('[data-text]').textContent = broken?.[1] ?? ''
  name.setAttribute('aria-invalid', String(broken !== undefined))
})
