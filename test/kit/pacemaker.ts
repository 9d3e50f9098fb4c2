import type { Evidence } from '../../src/evidence/evidence.ts'
import { editJson, variant, type Change, type Json } from './fixtures.ts'
import { controlPlaneVip, kubeadmConfig, withAddress } from './keepalived.ts'

/** The nodes of Pacemaker's cluster. */
const ours = ['controller-0', 'controller-1']

/** The password of the fencing device, which is in no bundle and in no report. */
export const fencingPassword = 'c4lvin-h0bbes'

/** What stands around the resources in a CIB of Pacemaker 2.1, as `cibadmin --query` prints it after `pcs cluster setup` and `pcs stonith create`. */
export const cibOf = (
  resources: string,
  members: readonly string[] = ours,
): string => `<cib crm_feature_set="3.16.2" validate-with="pacemaker-3.9" epoch="21" num_updates="14" admin_epoch="0" cib-last-written="Tue Mar  3 09:12:44 2026" update-origin="${members[0] ?? ''}" update-client="cibadmin" update-user="root" have-quorum="1" dc-uuid="1">
  <configuration>
    <crm_config>
      <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="cib-bootstrap-options-cluster-name" name="cluster-name" value="k8s"/>
        <nvpair id="cib-bootstrap-options-stonith-enabled" name="stonith-enabled" value="true"/>
      </cluster_property_set>
    </crm_config>
    <nodes>
${members.map((name, at) => `      <node id="${String(at + 1)}" uname="${name}"/>`).join('\n')}
    </nodes>
    <resources>
      <primitive class="stonith" id="fence" type="fence_ipmilan">
        <instance_attributes id="fence-instance_attributes">
          <nvpair id="fence-instance_attributes-ip" name="ip" value="192.0.2.77"/>
          <nvpair id="fence-instance_attributes-password" name="password" value="${fencingPassword}"/>
          <nvpair id="fence-instance_attributes-username" name="username" value="fencing-admin"/>
        </instance_attributes>
        <operations>
          <op id="fence-monitor-interval-60s" interval="60s" name="monitor"/>
        </operations>
      </primitive>
${resources}
    </resources>
    <constraints/>
    <rsc_defaults>
      <meta_attributes id="build-resource-defaults">
        <nvpair id="build-resource-stickiness" name="resource-stickiness" value="1"/>
      </meta_attributes>
    </rsc_defaults>
  </configuration>
  <status>
    <node_state id="1" uname="${members[0] ?? ''}" in_ccm="true" crmd="online" crm-debug-origin="controld_update_resource_history" join="member" expected="member"/>
  </status>
</cib>
`

/** A primitive of IPaddr2 as pcs writes it. */
export const ipaddr2 = (id: string, ip: string, inside = ''): string =>
  `      <primitive class="ocf" id="${id}" provider="heartbeat" type="IPaddr2">
        <instance_attributes id="${id}-instance_attributes">
          <nvpair id="${id}-instance_attributes-cidr_netmask" name="cidr_netmask" value="24"/>
          <nvpair id="${id}-instance_attributes-ip" name="ip" value="${ip}"/>
          <nvpair id="${id}-instance_attributes-nic" name="nic" value="eth0"/>
        </instance_attributes>${inside}
        <operations>
          <op id="${id}-monitor-interval-10s" interval="10s" name="monitor" timeout="20s"/>
        </operations>
      </primitive>`

/** How Pacemaker holds the control plane's VIP of a recording, as a test builds it. */
interface PacemakerCluster {
  /** The nodes that have the VIP on eth0. */
  readonly bound?: readonly string[]
  /** The nodes on which Pacemaker runs. */
  readonly running?: readonly string[]
  /** The CIB of the nodes; null where it was not read. */
  readonly cib?: string | null
  readonly changes?: Readonly<Record<string, Change>>
}

/** A recording without kube-vip whose control plane Pacemaker makes reachable. */
export function pacemakerCluster(wanted: PacemakerCluster = {}, base = 'lan-healthy'): Promise<Evidence> {
  const { bound = ['controller-1'], running = ours, cib = cibOf(ipaddr2('vip', controlPlaneVip)) } = wanted
  return variant(base, {
    'kubernetes/configmaps.json': editJson(({ items }: Json) => items.push(kubeadmConfig(`${controlPlaneVip}:6443`))),
    ...Object.fromEntries(
      running.map((node) => [
        `nodes/${node}/processes.txt`,
        (text: string) =>
          `${text.trimEnd()}\n    771 /usr/sbin/corosync -f\n    802 /usr/sbin/pacemakerd\n    815 /usr/libexec/pacemaker/pacemaker-based\n`,
      ]),
    ),
    ...(cib === null ? {} : Object.fromEntries(ours.map((node) => [`nodes/${node}/pacemaker-cib.xml`, cib]))),
    ...Object.assign({}, ...bound.map((node) => withAddress(node, controlPlaneVip))),
    ...wanted.changes,
  })
}
