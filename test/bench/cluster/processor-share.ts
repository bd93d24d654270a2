/**
 * Limits how much of the processor a node may use, by a Linux control group. Nodes, clients, database and store share
 * one machine here. Without a limit, one node takes what a second one would need.
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { treeOf } from '../servers/processes.ts'

const periodMicroseconds = 20_000

/**
 * `cores` is a part of a core, such as 0.3. Returns a function that removes the limit; the processes must have ended.
 */
export function limitProcessor(rootPid: number, cores: number): () => void {
  const folder = join(controllerFolder(), `myfsio-bench-${rootPid}`)
  mkdirSync(folder)
  const quota = Math.round(periodMicroseconds * cores)
  if (existsSync(join(folder, 'cpu.max'))) writeFileSync(join(folder, 'cpu.max'), `${quota} ${periodMicroseconds}`)
  else {
    writeFileSync(join(folder, 'cpu.cfs_period_us'), String(periodMicroseconds))
    writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota))
  }
  for (const pid of treeOf(rootPid)) writeFileSync(join(folder, 'cgroup.procs'), String(pid))
  return () => rmdirSync(folder)
}

/** Of version 1 or 2 of control groups. */
function controllerFolder(): string {
  const found = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'].find((folder) => existsSync(join(folder, 'cgroup.procs')))
  if (found === undefined) throw new Error('--share needs the control groups of Linux.')
  return found
}
