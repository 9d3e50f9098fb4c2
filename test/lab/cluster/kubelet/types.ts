// The fields of a pod that the played kubelet acts on.

interface HttpGet {
  readonly host?: string
  readonly port: number | string
  readonly path?: string
}

interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } }
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[]
  readonly readinessProbe?: { readonly httpGet?: HttpGet }
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

export interface Volume {
  readonly name: string
  readonly secret?: { readonly secretName: string; readonly optional?: boolean }
  readonly configMap?: { readonly name: string; readonly optional?: boolean }
  readonly projected?: unknown
}

export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly containers: readonly Container[]
    readonly volumes?: readonly Volume[]
    readonly hostNetwork?: boolean
    readonly nodeName: string
    readonly serviceAccountName?: string
  }
}

/** What a node is told at its start. */
export interface Settings {
  readonly node: string
  readonly address: string
  readonly podCidr: string
  readonly controlPlane: boolean
  readonly server: string
  readonly certificate: string
  readonly token: string
  /** Programs by the image that names them, without its tag: an image that is not here cannot be pulled. */
  readonly images: Readonly<Record<string, readonly string[]>>
}
