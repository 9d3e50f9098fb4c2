import type { Progress } from '../collection.ts'
import type { Cluster } from './cluster.ts'

/** An API server that has not answered anything for so long is told of. */
const silentMs = 3_000

/** The same cluster; while it answers nothing, progress says how long it is waited for: a dead server looks like a dead program else. */
export function toldWhileWaiting(cluster: Cluster, progress: Progress, now: () => number): Cluster {
  let open = 0
  let heard = 0
  let ticking: NodeJS.Timeout | null = null
  const tick = (): void => {
    const silent = now() - heard
    if (silent >= silentMs)
      progress(`kubernetes: waiting for ${cluster.server} (${String(Math.round(silent / 1000))} s)`)
  }
  return {
    ...cluster,
    send: async (sent) => {
      if (open === 0) {
        heard = now()
        ticking = setInterval(tick, 1000)
      }
      open += 1
      try {
        return await cluster.send(sent)
      } finally {
        heard = now()
        open -= 1
        if (open === 0 && ticking !== null) clearInterval(ticking)
      }
    },
  }
}
