"""A node made of network namespaces, and packets through it.

Reads one JSON object a line, answers with one a line. Two namespaces: the node (eth0, eth1, and the bridge cni0 with the ports of two pods)
and the outside, which holds the other ends of its cables and sees every frame that leaves the node. Nothing outside answers by itself: the
node has a permanent neighbour for every address that it may send to. All of it is gone when this process ends.
"""
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from netns import enter, unshare_net

PACKET_OUTGOING = 4
ETH_P_ALL = 3

# The node of generated rule sets. `ports` are those of the bridge, each with the pod behind it.
WORLD = {
    'cables': ['eth0', 'eth1', 'vp2', 'vp3'],
    'bridge': 'cni0',
    'ports': {'vp2': '10.200.1.2', 'vp3': '10.200.1.3'},
    'dummies': [],
    'addresses': [['10.0.0.1/24', 'eth0'], ['10.0.0.2/24', 'eth0'], ['10.1.0.1/24', 'eth1'], ['10.200.1.1/24', 'cni0']],
    'routes': [
        'default via 10.0.0.254', '10.200.2.0/24 via 10.0.0.12', 'unreachable 10.67.0.0/24', 'blackhole 10.68.0.0/24',
        'default via 10.1.0.254 table 100',
    ],
    'rules': ['fwmark 0x10/0x10 lookup 100 priority 1000'],
}
# Where each sender of a packet is plugged in.
SENDERS = {'client': 'eth0', 'eth1': 'eth1', 'pod2': 'vp2', 'pod3': 'vp3'}


def run(command, text=''):
    return subprocess.run(command, input=text, capture_output=True, text=True)


def ip(*lines):
    done = run(['ip', '-batch', '-'], '\n'.join(lines) + '\n')
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def mac_of(address):
    return '02:00:' + ':'.join('%02x' % int(part) for part in address.split('.'))


def packed(mac):
    return bytes.fromhex(mac.replace(':', ''))


def write(name, value):
    with open('/proc/sys/' + name.replace('.', '/'), 'w') as file:
        file.write(str(value))


class Lab:
    def __init__(self, world):
        self.world = world
        self.bridge = world['bridge']
        for tool in ('ip', 'nft', 'ipset', 'iptables-nft-restore', 'iptables-legacy-restore'):
            if shutil.which(tool) is None:
                raise RuntimeError('%s is not installed' % tool)
        self.outside = unshare_net()
        here = '/proc/%d/fd/%d' % (os.getpid(), self.outside)
        ip('link set lo up')
        self.node = unshare_net()
        ip('link set lo up')
        if self.bridge:
            ip('link add %s type bridge' % self.bridge, 'link set %s address 02:00:0a:c8:01:01' % self.bridge)
        for device in world['dummies']:
            ip('link add %s type bridge' % device)  # not every kernel has dummy devices; this one never has a port
        for device in world['cables']:
            ip('link add %s type veth peer name o-%s netns %s' % (device, device, here))
        self.after_links()
        self.seen_by = {}
        enter(self.outside)
        for device in world['cables']:
            write('net.ipv6.conf.o-%s.disable_ipv6' % device, 1)
            ip('link set o-%s up' % device)
            sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            sniffer.bind(('o-' + device, ETH_P_ALL))
            self.seen_by[sniffer.fileno()] = (sniffer, device)
        self.cables = {device: sniffer for sniffer, device in self.seen_by.values()}
        enter(self.node)
        self.local = {}
        for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMP):
            taken = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
            self.local[taken.fileno()] = taken
        self.own = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        for taken in [*self.cables.values(), *self.local.values()]:
            taken.setblocking(False)
            taken.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        links = json.loads(run(['ip', '-j', 'link']).stdout)
        self.macs = {link['ifname']: link['address'] for link in links if not link['ifname'].startswith('vp')}
        self.until_up()
        self.id = 1
        self.sets = None

    def until_up(self):
        """A cable carries nothing before the kernel has taken note of its other end, which a busy machine does late."""
        for _ in range(500):
            links = json.loads(run(['ip', '-j', 'link']).stdout)
            if all(link['operstate'] == 'UP' for link in links if link['ifname'] in self.world['cables']):
                return
            time.sleep(0.01)
        raise RuntimeError('the cables do not come up')

    def after_links(self):
        world = self.world
        ports = world['ports']
        layer3 = [device for device in world['cables'] if device not in ports] + ([self.bridge] if self.bridge else [])
        ip(
            *['link set %s master %s' % (port, self.bridge) for port in ports],
            *['link set %s up' % device for device in [*world['cables'], *world['dummies']]],
            *(['link set %s up' % self.bridge] if self.bridge else []),
            *['addr add %s brd + dev %s' % (address, device) if '/32' not in address else
              'addr add %s dev %s' % (address, device) for address, device in world['addresses']],
            *['route add ' + route for route in world['routes']],
            *['rule add ' + rule for rule in world['rules']],
            *self.neighbours(),
        )
        for port, pod in ports.items():
            run(['bridge', 'fdb', 'replace', mac_of(pod), 'dev', port, 'master', 'static'])
        self.defaults = {
            'net.ipv4.ip_forward': 1, 'net.bridge.bridge-nf-call-iptables': 1,
            'net.ipv4.conf.all.rp_filter': 0, 'net.ipv4.conf.default.rp_filter': 0,
            'net.ipv4.conf.all.route_localnet': 0,
            **{'net.ipv4.conf.%s.%s' % (device, name): 0
               for device in (*layer3, 'lo') for name in ('rp_filter', 'route_localnet', 'accept_local')},
        }
        for device in ('all', *layer3):
            write('net.ipv4.conf.%s.send_redirects' % device, 0)
        for name, value in {
            'net.ipv4.icmp_ratelimit': 0, 'net.ipv4.icmp_ratemask': 0,
            'net.ipv4.icmp_msgs_per_sec': 1000000, 'net.ipv4.icmp_msgs_burst': 1000000,
            'net.ipv6.conf.all.disable_ipv6': 1,
        }.items():
            try:
                write(name, value)
            except OSError:
                pass  # icmp_msgs_* belong to the host in older kernels

    def neighbours(self):
        """Everybody on the networks of the node, so that no packet waits for an answer."""
        own = [address.split('/')[0] for address, _ in self.world['addresses']]
        for address, device in self.world['addresses']:
            if not address.endswith('/24'):
                continue
            for last in range(1, 255):
                other = '%s.%d' % (address.rsplit('.', 1)[0], last)
                if other not in own:
                    yield 'neigh replace %s lladdr %s dev %s nud permanent' % (other, mac_of(other), device)

    def describe(self):
        """What never changes: the node's addresses, links, routes and rules, as a bundle has them."""
        shows = {'ip-addr.json': ['addr'], 'ip-link.json': ['-d', 'link'], 'ip-route.json': ['route', 'show', 'table', 'all'],
                 'ip-rule.json': ['rule'], 'ip-neigh.json': ['neigh']}
        return {name: run(['ip', '-j', *words]).stdout for name, words in shows.items()}

    def load(self, case):
        """Loads a case's rules; returns what the loading tools said where they refused."""
        run(['nft', 'flush', 'ruleset'])
        if self.legacy_used():
            for table in open('/proc/net/ip_tables_names').read().split():
                run(['iptables-legacy-restore'], emptied[table])
        refused = self.load_sets(case.get('ipset'))
        if refused is not None:
            return refused
        for name, value in {**self.defaults, **case.get('sysctl', {})}.items():
            write(name, value)
        for tool, key in ((['iptables-nft-restore'], 'nft-save'), (['iptables-legacy-restore'], 'legacy-save'),
                          (['nft', '-f', '-'], 'nft'), (['nft', '-j', '-f', '-'], 'nft-json')):
            text = case.get(key)
            if text is None:
                continue
            done = run(tool, text)
            if done.returncode != 0:
                return '%s: %s' % (tool[0], done.stderr.strip())
        return None

    def load_sets(self, text):
        """The same sets stay loaded. The kernel frees a flushed rule a moment later, and holds its sets so long."""
        if text is None or text == self.sets:
            return None
        for _ in range(100):
            run(['ipset', 'flush'])
            if run(['ipset', 'destroy']).returncode == 0:
                break
            time.sleep(0.02)
        self.sets = text
        done = run(['ipset', 'restore'], text or '')
        return None if done.returncode == 0 else 'ipset: ' + done.stderr.strip()

    def legacy_used(self):
        try:
            return open('/proc/net/ip_tables_names').read().strip() != ''
        except OSError:
            return False

    def dump(self, case):
        shown = {'iptables-nft-save.txt': ['iptables-nft-save'], 'nft-ruleset.json': ['nft', '-j', 'list', 'ruleset']}
        if self.legacy_used():
            shown['iptables-legacy-save.txt'] = ['iptables-legacy-save']
        if case.get('ipset') is not None:
            shown['ipset-save.txt'] = ['ipset', 'save']
        files = {name: run(command).stdout for name, command in shown.items()}
        names = sorted(self.defaults)
        files['sysctl.txt'] = ''.join(
            '%s = %s\n' % (name, open('/proc/sys/' + name.replace('.', '/')).read().strip()) for name in names
        )
        return files

    def send(self, packets):
        """Sends packets one behind the other; returns for each what was seen of it, and where."""
        for taken in [*self.cables.values(), *self.local.values()]:
            drain(taken)
        first = self.id
        seen = [[] for _ in packets]
        for packet in packets:
            self.send_one(packet, self.id, seen[self.id - first])
            self.id += 1
            self.collect(first, seen, 0)
        self.collect(first, seen, 0.003)
        # Of a packet that was dropped nothing is ever seen; on a busy machine others are late.
        if not all(seen):
            self.collect(first, seen, 0.05)
        return seen

    def send_one(self, packet, mark, seen):
        datagram = ip_packet(packet, mark)
        if packet['from'] == 'node':
            self.own.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # what an earlier packet met
            # The route of a raw packet is asked for the source that IP_PKTINFO names (8), not for the one in its header.
            source = (socket.IPPROTO_IP, 8, struct.pack('=I4s4s', 0, socket.inet_aton(packet['src']), bytes(4)))
            try:
                self.own.sendmsg([datagram], [source], 0, (packet['dst'], 0))
            except PermissionError:
                pass  # dropped in OUTPUT
            except OSError as error:
                seen.append({'kind': 'no-route', 'errno': error.errno})
            return
        cable = SENDERS[packet['from']]
        pod = self.world['ports'].get(cable)
        into = self.macs[self.bridge if pod else cable]
        source = mac_of(pod) if pod else '02:00:00:00:00:99'
        self.cables[cable].send(packed(into) + packed(source) + b'\x08\x00' + datagram)

    def collect(self, first, seen, wait):
        poll = [*self.seen_by, *self.local]
        while True:
            ready, _, _ = select.select(poll, [], [], wait)
            if not ready:
                return
            for number in ready:
                if number in self.local:
                    sight = sight_of(drain_one(self.local[number]), 'local', None)
                else:
                    sniffer, device = self.seen_by[number]
                    frame, (_, _, kind, *_) = sniffer.recvfrom(4096)
                    if kind == PACKET_OUTGOING or frame[12:14] != b'\x08\x00':
                        continue
                    name = self.bridge if device in self.world['ports'] else device
                    sight = sight_of(frame[14:], 'out', name, frame[:6].hex(':'))
                if sight is not None and 0 <= sight['id'] - first < len(seen):
                    seen[sight.pop('id') - first].append(sight)


emptied = {
    table: '*%s\n%sCOMMIT\n' % (table, ''.join(':%s ACCEPT\n' % chain for chain in chains.split()))
    for table, chains in {
        'filter': 'INPUT FORWARD OUTPUT', 'nat': 'PREROUTING INPUT OUTPUT POSTROUTING',
        'mangle': 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING', 'raw': 'PREROUTING OUTPUT', 'security': 'INPUT FORWARD OUTPUT',
    }.items()
}


def drain_one(taken):
    return taken.recv(4096)


def drain(taken):
    try:
        while True:
            taken.recv(4096)
    except BlockingIOError:
        pass


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(packet, mark):
    """A SYN whose sequence number is `mark`, or a datagram that carries it."""
    source, destination = socket.inet_aton(packet['src']), socket.inet_aton(packet['dst'])
    tcp = packet['protocol'] == 'tcp'
    if tcp:
        head = struct.pack('!HHIIBBHHH', packet['sport'], packet['dport'], mark, 0, 0x50, 2, 1024, 0, 0)
        pseudo = source + destination + struct.pack('!BBH', 0, 6, len(head))
        body = head[:16] + struct.pack('!H', checksum(pseudo + head)) + head[18:]
    else:
        head = struct.pack('!HHHH', packet['sport'], packet['dport'], 12, 0) + struct.pack('!I', mark)
        pseudo = source + destination + struct.pack('!BBH', 0, 17, len(head))
        body = head[:6] + struct.pack('!H', checksum(pseudo + head)) + head[8:]
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(body), mark & 0xFFFF or 1, 0, 64, 6 if tcp else 17, 0, source, destination)
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + body


def sight_of(datagram, kind, device, mac=None):
    """What an IPv4 packet says: one of ours where it ended, a reset, or an ICMP error about one of ours. Null for anything else."""
    length = (datagram[0] & 15) * 4
    protocol = datagram[9]
    source, destination = socket.inet_ntoa(datagram[12:16]), socket.inet_ntoa(datagram[16:20])
    body = datagram[length:]
    if protocol == 6 and len(body) >= 20:
        sport, dport, seq, ack = struct.unpack('!HHII', body[:12])
        if body[13] & 4:
            return {'id': ack - 1, 'kind': 'rst'}
        if body[13] != 2:
            return None
        return {'id': seq, 'kind': kind, 'device': device, 'mac': mac, 'src': source, 'dst': destination, 'port': dport}
    if protocol == 17 and len(body) == 12:
        dport, = struct.unpack('!H', body[2:4])
        mark, = struct.unpack('!I', body[8:12])
        return {'id': mark, 'kind': kind, 'device': device, 'mac': mac, 'src': source, 'dst': destination, 'port': dport}
    if protocol == 1 and len(body) >= 8 + 20 + 8 and body[0] == 3:
        inner = body[8:]
        about = inner[(inner[0] & 15) * 4:]
        if inner[9] == 6:
            mark, = struct.unpack('!I', about[4:8])
        elif inner[9] == 17 and len(about) >= 12:
            mark, = struct.unpack('!I', about[8:12])
        else:
            return None
        return {'id': mark, 'kind': 'icmp', 'code': body[1]}
    return None


def main():
    lab = Lab(json.loads(sys.argv[1]) if len(sys.argv) > 1 else WORLD)
    print(json.dumps({'world': lab.describe()}), flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        refused = lab.load(case)
        if refused is not None:
            print(json.dumps({'refused': refused}), flush=True)
            continue
        dump = lab.dump(case)
        print(json.dumps({'dump': dump, 'seen': lab.send(case['packets'])}), flush=True)


main()
