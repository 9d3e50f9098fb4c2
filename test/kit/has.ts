import { spawnSync } from 'node:child_process'

/** Whether this machine has a program. */
export const has = (tool: string): boolean =>
  spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`]).status === 0
