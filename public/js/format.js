const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** The same format as the server's: `1.5 MiB`. @param {number} sizeBytes */
export function formatBytes(sizeBytes) {
  let value = sizeBytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${units[unit]}`
}
