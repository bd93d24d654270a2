/** The last hour as a chart: requests as an area, errors as bars on the same scale. */
import { type Stretch, stretchMs } from '#access/records/traffic.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { accountOf } from './activity.ts'

export const chartWidth = 600
export const chartHeight = 64

export interface TrafficChart {
  readonly requests: number
  readonly errors: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** The last complete interval. */
  readonly requestsPerSecond: number
  readonly peakPerSecond: number
  /** Paths of an SVG of chartWidth by chartHeight. */
  readonly requestsPath: string
  readonly errorsPath: string
  readonly width: number
  readonly height: number
}

export async function readTrafficChart(visit: Visit, { access }: ConsoleServices): Promise<TrafficChart> {
  return chartOf(await access.activity.traffic(accountOf(visit)))
}

export function chartOf(stretches: readonly Stretch[]): TrafficChart {
  const peak = Math.max(1, ...stretches.map(({ requests }) => requests))
  const step = chartWidth / stretches.length
  const x = (index: number) => round(index * step)
  const y = (count: number) => round(chartHeight - (count / peak) * (chartHeight - 2))
  const tops = stretches.map(({ requests }, index) => `L${x(index)} ${y(requests)}H${x(index + 1)}`)
  const bars = stretches.flatMap(({ errors }, index) =>
    errors === 0 ? [] : `M${x(index)} ${chartHeight}V${y(errors)}H${x(index + 1)}V${chartHeight}Z`,
  )
  const sum = (name: 'requests' | 'errors' | 'bytesIn' | 'bytesOut') =>
    stretches.reduce((total, one) => total + one[name], 0)
  return {
    requests: sum('requests'),
    errors: sum('errors'),
    bytesIn: sum('bytesIn'),
    bytesOut: sum('bytesOut'),
    requestsPerSecond: perSecond(stretches.at(-2)?.requests ?? 0),
    peakPerSecond: perSecond(Math.max(0, ...stretches.map(({ requests }) => requests))),
    requestsPath: `M0 ${chartHeight}${tops.join('')}V${chartHeight}Z`,
    errorsPath: bars.join(''),
    width: chartWidth,
    height: chartHeight,
  }
}

const round = (value: number): number => Math.round(value * 10) / 10
const perSecond = (requests: number): number => round(requests / (stretchMs / 1000))
