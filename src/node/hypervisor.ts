/** What a machine runs on, by the first three bytes that its maker gives to network cards that it makes up. */
export type Hypervisor = 'VMware' | 'Proxmox' | 'QEMU' | 'Hyper-V' | 'VirtualBox'

/** IEEE registration authority, "MAC Address Block Large"; 52:54:00 is QEMU's and libvirt's own (locally administered), as bc:24:11 is Proxmox's. */
const makers: ReadonlyMap<string, Hypervisor> = new Map([
  ['00:50:56', 'VMware'],
  ['00:0c:29', 'VMware'],
  ['00:05:69', 'VMware'],
  ['bc:24:11', 'Proxmox'],
  ['52:54:00', 'QEMU'],
  ['00:15:5d', 'Hyper-V'],
  ['08:00:27', 'VirtualBox'],
])

/** What gave a network card its hardware address; null where that is not one of those known. */
export const hypervisorOf = (mac: string): Hypervisor | null => makers.get(mac.toLowerCase().slice(0, 8)) ?? null
