import { UserError } from '../../../evidence/user-error.ts'
import { isRefusal } from '../../kubernetes/ask.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { exec } from '../../kubernetes/exec.ts'
import type { Runner } from '../listen.ts'
import type { NodePods } from './node-pods.ts'
import { podRefusal } from './refusal.ts'

/** Runs a command in a pod of the node, through the API server. Its input is ended by a line, and by the end of the connection. */
export function podRunner(cluster: Cluster, pods: NodePods): Runner {
  return async ({ node }, command, work) => {
    const refused = (why: string): UserError => new UserError(`Nothing can be run in a pod on ${node}: ${why}.`)
    const done = await pods.within(node, async (place) => {
      const running = await exec(cluster, place, command)
      if (isRefusal(running)) throw refused(podRefusal(running, place.namespace))
      const result = await work({
        output: running.output,
        end: () => {
          running.write('\n')
        },
        kill: running.close,
        closed: running.ended.then(({ status, said, broke }) => ({ status, said: `${said}${broke ?? ''}` })),
      })
      return { result }
    })
    if ('noPod' in done) throw refused(done.noPod)
    return done.result
  }
}
