import { readProxyKeys } from './names.ts'

/**
 * A kube-proxy configuration (KubeProxyConfiguration, kubeproxy.config.k8s.io): its top-level keys that a check reads, with the lines that
 * belong to them; comments are left out. Null for a text that does not say that it is one: then nothing of it is kept.
 */
export function keptProxyConfig(yaml: string): string | null {
  const lines = yaml.split('\n')
  if (!lines.some((line) => /^kind:\s*["']?KubeProxyConfiguration["']?\s*$/.test(line))) return null
  let read = false
  return lines
    .filter((line) => {
      if (/^\s*(?:#|$|---)/.test(line)) return false
      const key = /^([A-Za-z]\w*):/.exec(line)?.[1]
      if (key !== undefined) read = readProxyKeys.has(key)
      else if (!/^[\s-]/.test(line)) read = false
      return read
    })
    .map((line) => line.replace(/\s+#.*$/, ''))
    .concat('')
    .join('\n')
}
