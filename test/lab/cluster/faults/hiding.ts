/** Hides an address from ARP, as real servers behind LVS do: `arptables -A INPUT -d ADDRESS -j DROP`. */
export const hiding = (address: string): string =>
  `nft 'add table arp filter; add chain arp filter INPUT { type filter hook input priority 0; }; add rule arp filter INPUT arp daddr ip ${address} drop'`

export const hidingEnds = 'nft delete table arp filter 2>/dev/null; true'
