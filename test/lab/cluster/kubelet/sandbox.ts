import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { run, tryRun } from '../run.ts'

// A pod's network, made as containerd makes it: the real plugins, called as the CNI specification says (version 1.0.0, "Execution Protocol").

interface Network {
  readonly name?: string
  readonly cniVersion?: string
  readonly type?: string
  readonly plugins?: readonly Record<string, unknown>[]
}

const configurations = '/etc/cni/net.d'
const programs = '/opt/cni/bin'

/** Each plugin's configuration in its order: the first file that is not the loopback's decides, as in containerd. */
function plugins(): readonly Record<string, unknown>[] {
  const file = readdirSync(configurations)
    .filter((name) => /\.(conf|conflist|json)$/.test(name))
    .sort()[0]
  if (file === undefined) return []
  const network = JSON.parse(readFileSync(path.join(configurations, file), 'utf8')) as Network
  const { name, cniVersion } = network
  return (network.plugins ?? [network as Record<string, unknown>]).map((one) => ({ ...one, name, cniVersion }))
}

const environment = (id: string, command: string): NodeJS.ProcessEnv => ({
  ...process.env,
  CNI_COMMAND: command,
  CNI_CONTAINERID: id,
  CNI_NETNS: `/run/netns/${id}`,
  CNI_IFNAME: 'eth0',
  CNI_PATH: programs,
})

interface AddResult {
  readonly ips?: readonly { readonly address: string }[]
}

/** Makes a network for a pod and returns its address. @throws Error in containerd's words where a plugin fails. */
export async function addNetwork(id: string, runtimeConfig: unknown): Promise<string> {
  await run('ip', ['netns', 'add', id])
  await run('ip', ['-n', id, 'link', 'set', 'lo', 'up'])
  let prevResult: unknown
  for (const plugin of plugins()) {
    const type = String(plugin.type)
    const input = JSON.stringify({ ...plugin, runtimeConfig, ...(prevResult === undefined ? {} : { prevResult }) })
    const { status, stdout, stderr } = await tryRun(path.join(programs, type), [], {
      input,
      env: environment(id, 'ADD'),
    })
    if (status !== 0) {
      await removeNetwork(id)
      const missing = status === null ? `failed to find plugin "${type}" in path [${programs}]` : null
      const said = missing ?? `plugin type="${type}" failed (add): ${wordsOf(stdout) ?? stderr.trim()}`
      throw new Error(
        `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${id}": ${said}`,
      )
    }
    prevResult = JSON.parse(stdout)
  }
  return ((prevResult as AddResult | undefined)?.ips?.[0]?.address ?? '').replace(/\/\d+$/, '')
}

const wordsOf = (answer: string): string | null => {
  try {
    return (JSON.parse(answer) as { msg?: string }).msg ?? null
  } catch {
    return null
  }
}

export async function removeNetwork(id: string): Promise<void> {
  for (const plugin of [...plugins()].reverse()) {
    const env = environment(id, 'DEL')
    await tryRun(path.join(programs, String(plugin.type)), [], { input: JSON.stringify(plugin), env })
  }
  await tryRun('ip', ['netns', 'del', id])
}
