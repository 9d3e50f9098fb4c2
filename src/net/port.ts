/** The protocols of a Service’s port. */
export type Protocol = 'tcp' | 'udp' | 'sctp'

/** Where a client knocks: a transport protocol and a port number (1-65535). */
export interface Port {
  readonly protocol: Protocol
  readonly port: number
}

/** `tcp/80`, as findings write a port. */
export const portText = ({ protocol, port }: Port): string => `${protocol}/${String(port)}`

/** Kubernetes' protocol names in the lower case that packets and rules use; an absent one is TCP, as the API defaults it. */
export function protocolOf(text: string | undefined): Protocol | null {
  const name = (text ?? 'TCP').toLowerCase()
  return name === 'tcp' || name === 'udp' || name === 'sctp' ? name : null
}

/** `VIP:port` as URLs write it: brackets around IPv6. */
export function addressAndPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`
}
