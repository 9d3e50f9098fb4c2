import type { TracedHop, TracedPacket } from '../diagnosis/traced-packet.ts'
import type { Step } from '../node/trace/types.ts'
import { schemaVersion } from './schema-version.ts'
import { jsonText } from './shown.ts'
import type { Tool } from './tool.ts'

/** Traces as `--output json` prints them: docs/json.md describes them. */
export function traceJson(packets: readonly TracedPacket[], tool: Tool): string {
  const traces = packets.map(({ parts, ...packet }) => ({
    ...packet,
    parts: parts.map(({ journeys, ...part }) => ({
      ...part,
      outcomes: journeys.map(({ hops, ...journey }) => ({ ...journey, hops: hops.map(hopJson) })),
    })),
  }))
  return jsonText(`${JSON.stringify({ schemaVersion, tool, traces }, null, 2)}\n`)
}

const hopJson = ({ steps, doubt, ...hop }: TracedHop): object => ({
  ...hop,
  doubt: doubt === null ? null : stepJson(doubt),
  rules: steps.map(stepJson),
})

/** A place is `file` with `line` or `pointer`; a native nftables rule has its `handle` besides. */
const stepJson = ({ backend, hook, table, chain, did, place, handle, text }: Step): object => ({
  backend,
  hook,
  table,
  chain,
  did,
  ...(place ?? { file: null }),
  ...(handle === null ? {} : { handle }),
  text,
})
