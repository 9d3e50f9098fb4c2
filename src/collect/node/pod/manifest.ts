/** Where the node's root stands in the pod, read-only. */
export const nodeRoot = '/node'

/** By these labels the pods are known: all of vipdoctor's, and those of one run. */
export const labels = { ours: 'app.kubernetes.io/managed-by', run: 'vipdoctor/run' } as const

/** The name of the one container in a node’s pod. */
export const containerName = 'node'

/**
 * What the node script needs beside being root in the node's network and process namespaces, each found by leaving it out:
 *
 *     NET_ADMIN        the packet filter, sets and IPVS are listed over netlink, which wants it for reading too
 *     NET_RAW          the legacy packet filter is listed, and tcpdump listens, over a raw socket
 *     SYS_PTRACE       /proc/PID/ns, root and fd of processes that are not ours: sockets of pods, whose a socket is, kube-proxy's configuration
 *     DAC_READ_SEARCH  the same of processes of other users, and files that only another user may read
 *     SETGID, SETUID   tcpdump changes its user, and ends where it cannot, even where it stays root
 *     SYS_CHROOT       a tool that the image lacks is the node's own, which wants the node's libraries
 */
const capabilities = [
  'DAC_READ_SEARCH',
  'NET_ADMIN',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SYS_CHROOT',
  'SYS_PTRACE',
] as const

/** What the pods of one run have in common. */
export interface PodPlan {
  /** The run's own label: what is left of it is found by it. */
  readonly run: string
  readonly image: string
  /** After this long the kubelet ends a pod by itself. */
  readonly lifeSeconds: number
}

/** The pod that reads one node: it sleeps, and what reads is run in it. */
export function podManifest(name: string, node: string, { run, image, lifeSeconds }: PodPlan): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      // What the field appArmorProfile says since Kubernetes 1.30.
      annotations: { [`container.apparmor.security.beta.kubernetes.io/${containerName}`]: 'unconfined' },
      labels: { 'app.kubernetes.io/name': 'vipdoctor-node', [labels.ours]: 'vipdoctor', [labels.run]: run },
    },
    spec: {
      // No scheduler: it would refuse a node that is full, cordoned or tainted, and may itself be what is broken.
      nodeName: node,
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'Never',
      activeDeadlineSeconds: lifeSeconds,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostNetwork: true,
      hostPID: true,
      containers: [
        {
          name: containerName,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sleep', String(lifeSeconds)],
          securityContext: {
            runAsUser: 0,
            runAsGroup: 0,
            runAsNonRoot: false,
            privileged: false,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'], add: [...capabilities] },
            seccompProfile: { type: 'RuntimeDefault' },
            // A runtime's own profiles forbid to look at processes outside of containers; the type is ignored where there is no SELinux.
            appArmorProfile: { type: 'Unconfined' },
            seLinuxOptions: { type: 'spc_t' },
          },
          resources: {
            requests: { cpu: '10m', memory: '32Mi' },
            limits: { cpu: '1', memory: '1Gi' },
          },
          volumeMounts: [{ name: 'node', mountPath: nodeRoot, readOnly: true, recursiveReadOnly: 'IfPossible' }],
        },
      ],
      volumes: [{ name: 'node', hostPath: { path: '/', type: 'Directory' } }],
    },
  }
}
