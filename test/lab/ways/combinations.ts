import type { Combination, Routing } from './worlds.ts'

const modes = [0, 1, 2] as const
const devices = ['eth0', 'eth1'] as const
const clients = ['near', 'far'] as const
const subnets = ['one', 'two'] as const

/** What somebody's rules and routes do besides; each is tried with every mode of the reverse path filter. */
const routings: readonly Routing[] = [
  'none',
  'mark',
  'rule from the VIP',
  'blackhole for the pods',
  'blackhole to the client',
  'unreachable for the VIP',
  'bridge over the client',
  'pods’ bridge down',
]

const inVpc = { fabric: 'vpc', second: 'card', bound: 'lo', arpIgnore: 0 } as const

/** A VPC's second interface: where the packet comes in, where the answer may leave, and what the node's routes make of it. */
const vpc = (): Combination[] =>
  devices.flatMap((into) =>
    subnets.flatMap((of) =>
      modes.flatMap((rpFilter) =>
        clients.flatMap((client) =>
          (['on', 'off'] as const).flatMap((check) =>
            routings.map((routing) => ({ ...inVpc, into, subnets: of, rpFilter, client, check, routing })),
          ),
        ),
      ),
    ),
  )

/** The second interface as an attached one that nobody configured. */
const notConfigured = (): Combination[] =>
  (['second device down', 'second device without address'] as const).flatMap((routing) =>
    modes.map((rpFilter) => ({
      ...inVpc,
      into: 'eth1',
      subnets: 'one',
      rpFilter,
      client: 'near',
      check: 'off',
      routing,
    })),
  )

/** A LAN: the VIP on one device, asked for by another, or the answer by another than the request. */
const lan = (): Combination[] =>
  (['card', 'vlan', 'bridge'] as const).flatMap((second) =>
    devices.flatMap((into) =>
      modes.flatMap((arpIgnore) =>
        modes.flatMap((rpFilter) =>
          clients.flatMap((client) =>
            ([...devices, 'lo'] as const).map((bound) => ({
              fabric: 'lan' as const,
              into,
              second,
              subnets: 'two' as const,
              rpFilter,
              check: 'off' as const,
              routing: 'none' as const,
              client,
              bound,
              arpIgnore,
            })),
          ),
        ),
      ),
    ),
  )

/** Every combination. */
export const combinations = (): readonly Combination[] => [...vpc(), ...notConfigured(), ...lan()]
