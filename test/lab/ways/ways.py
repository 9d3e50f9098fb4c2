"""Nodes with two ways in, made of network namespaces, and a real client of each.

Reads one JSON object a line, answers with one a line: whether the client's connection came about, and what the node prints of itself, by the
file names of a bundle. Three namespaces for each: the outside with the client and the other ends of the node's cables, the node, and a pod that
listens. What they are made of is said in the words of `ip`; a child process makes them, so that all of it is gone when the answer is there.
"""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from netns import enter, unshare_net

PATIENCE = 0.6  # seconds: nothing here is further away than a veth, and the first SYN is answered or none is


def run(command, text=''):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError('%s: %s' % (' '.join(command), done.stderr.strip()))
    return done.stdout


def ip(lines, names):
    for name, path in names.items():
        lines = [line.replace('@' + name, path) for line in lines]
    run(['ip', '-batch', '-'], '\n'.join(lines) + '\n')


def sysctls():
    settings = ('rp_filter', 'arp_ignore', 'src_valid_mark', 'accept_local', 'forwarding', 'route_localnet')
    lines = []
    for device in sorted(os.listdir('/proc/sys/net/ipv4/conf')):
        for setting in settings:
            with open('/proc/sys/net/ipv4/conf/%s/%s' % (device, setting)) as file:
                lines.append('net.ipv4.conf.%s.%s = %s' % (device.replace('.', '/'), setting, file.read().strip()))
    with open('/proc/sys/net/ipv4/ip_forward') as file:
        lines.append('net.ipv4.ip_forward = ' + file.read().strip())
    return '\n'.join(sorted(lines)) + '\n'


def set_sysctls(values):
    for name, value in values.items():
        with open('/proc/sys/net/ipv4/' + name, 'w') as file:
            file.write(str(value))


def until_up():
    """A cable carries nothing before the kernel has taken note of its other end, which a busy machine does late."""
    for _ in range(300):
        links = json.loads(run(['ip', '-j', '-d', 'link']))
        veths = [link for link in links if link.get('linkinfo', {}).get('info_kind') == 'veth' and 'UP' in link['flags']]
        if all(link['operstate'] == 'UP' for link in veths):
            return
        time.sleep(0.01)
    raise RuntimeError('the cables do not come up')


def dump():
    return {
        'ip-addr.json': run(['ip', '-j', 'addr', 'show']),
        'ip-link.json': run(['ip', '-j', '-d', 'link', 'show']),
        'ip-route.json': run(['ip', '-j', 'route', 'show', 'table', 'all']),
        'ip-rule.json': run(['ip', '-j', 'rule', 'show']),
        'ip-neigh.json': run(['ip', '-j', 'neigh', 'show']),
        'iptables-nft-save.txt': run(['iptables-nft-save']),
        'nft-ruleset.json': run(['nft', '-j', 'list', 'ruleset']),
        'sysctl.txt': sysctls(),
    }


def connects(source, destination, port):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.settimeout(PATIENCE)
    try:
        client.bind((source, 0))
        client.connect((destination, port))
        return True
    except OSError:
        return False
    finally:
        client.close()


def answer(world):
    outside = unshare_net()
    pod = unshare_net()
    node = unshare_net()
    names = {name: '/proc/%d/fd/%d' % (os.getpid(), fd) for name, fd in (('outside', outside), ('pod', pod))}
    ip(['link set lo up', *world['node']], names)
    run(['iptables-nft-restore'], world['rules'])
    listeners = []
    for namespace, part in ((pod, 'pod'), (outside, 'outside')):
        enter(namespace)
        ip(['link set lo up', *world[part]], {})
        set_sysctls({'conf/%s/rp_filter' % device: 0 for device in os.listdir('/proc/sys/net/ipv4/conf')})
        if part == 'pod':
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.bind(('0.0.0.0', world['podPort']))
            listener.listen(8)
            listeners.append(listener)
        else:
            # A request for an address carries a source of its own subnet, as a router's does.
            set_sysctls({'conf/all/arp_announce': 2})
            if world['outsideRules'] != '':
                run(['iptables-nft-restore'], world['outsideRules'])
    enter(node)
    set_sysctls(world['sysctl'])
    until_up()
    enter(outside)
    connected = connects(world['client'], world['vip'], world['port'])
    enter(node)
    return {'connected': connected, 'dump': dump()}


def main():
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                said = answer(json.loads(line))
            except (OSError, RuntimeError) as error:
                said = {'refused': str(error)}
            with os.fdopen(writing, 'w') as file:
                json.dump(said, file)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as file:
            print(file.read(), flush=True)
        os.waitpid(child, 0)


main()
