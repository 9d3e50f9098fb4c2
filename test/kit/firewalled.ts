import type { Change } from './fixtures.ts'

// Firewalls of hosts as they stand in a dump, put into the files of recorded nodes.

/** Lines of `iptables-save` behind the last rule of INPUT or FORWARD, and another policy for a chain. */
export const withRules =
  (rules: readonly string[], policies: Readonly<Record<string, string>> = {}): Change =>
  (text) => {
    const start = text.indexOf('*filter')
    const end = text.indexOf('COMMIT', start)
    let filter = text.slice(start, end)
    for (const [chain, policy] of Object.entries(policies))
      filter = filter.replace(new RegExp(`^:${chain} \\S+`, 'm'), `:${chain} ${policy}`)
    const chains = [...new Set(rules.flatMap((rule) => /^-A (\S+)/.exec(rule)?.[1] ?? []))]
    const declared = chains.filter((chain) => !filter.includes(`\n:${chain} `)).map((chain) => `:${chain} - [0:0]`)
    const head = filter.indexOf('\n') + 1
    filter = [filter.slice(0, head), ...declared.map((line) => `${line}\n`), filter.slice(head)].join('')
    return `${text.slice(0, start)}${filter}${rules.map((rule) => `[0:0] ${rule}\n`).join('')}${text.slice(end)}`
  }

/** firewalld 1.3 with its nftables back-end: the interface in zone `public`, which admits ssh and what `allowed` says, and whether it lets zones forward. */
export const withFirewalld =
  (allowed: readonly { readonly protocol: string; readonly port: number }[] = [], forwards = true): Change =>
  (text) => {
    const value = JSON.parse(text) as { nftables: unknown[] }
    const table = { family: 'inet', table: 'firewalld' }
    const chain = (name: string, base: object = {}) => ({ chain: { ...table, name, handle: 1, ...base } })
    let handle = 100
    const rule = (name: string, ...expr: object[]) => ({ rule: { ...table, chain: name, handle: (handle += 1), expr } })
    const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } })
    const port = (protocol: string, number: number) => match({ payload: { protocol, field: 'dport' } }, number)
    const reject = { reject: { type: 'icmpx', expr: 'admin-prohibited' } }
    value.nftables.push(
      { table: { family: 'inet', name: 'firewalld', handle: 90 } },
      chain('filter_INPUT', { type: 'filter', hook: 'input', prio: 10, policy: 'accept' }),
      chain('filter_INPUT_ZONES'),
      chain('filter_IN_public'),
      chain('filter_IN_public_allow'),
      rule('filter_INPUT', match({ ct: { key: 'state' } }, ['established', 'related'], 'in'), { accept: null }),
      rule('filter_INPUT', match({ meta: { key: 'iifname' } }, 'lo'), { accept: null }),
      rule('filter_INPUT', { jump: { target: 'filter_INPUT_ZONES' } }),
      rule('filter_INPUT', reject),
      rule('filter_INPUT_ZONES', { goto: { target: 'filter_IN_public' } }),
      rule('filter_IN_public', { jump: { target: 'filter_IN_public_allow' } }),
      rule('filter_IN_public', match({ meta: { key: 'l4proto' } }, 'icmp'), { accept: null }),
      rule('filter_IN_public', reject),
      chain('filter_FORWARD', { type: 'filter', hook: 'forward', prio: 10, policy: 'accept' }),
      rule('filter_FORWARD', match({ ct: { key: 'state' } }, ['established', 'related'], 'in'), { accept: null }),
      ...(forwards ? [] : [rule('filter_FORWARD', reject)]),
      rule('filter_IN_public_allow', port('tcp', 22), { accept: null }),
      ...allowed.map(({ protocol, port: number }) =>
        rule('filter_IN_public_allow', port(protocol, number), { accept: null }),
      ),
    )
    return JSON.stringify(value)
  }
