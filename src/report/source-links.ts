import { manuals } from './manuals.ts'

/** A part of a source's text, and where a reader finds it. */
export interface Link {
  readonly text: string
  readonly url: string
}

/** Projects that are cited by another name than GitHub's. */
const projects: Readonly<Record<string, string>> = {
  'frr-k8s': 'metallb/frr-k8s',
  k3s: 'k3s-io/k3s',
  'kube-ovn': 'kubeovn/kube-ovn',
  'kube-vip': 'kube-vip/kube-vip',
  'kube-vip-cloud-provider': 'kube-vip/kube-vip-cloud-provider',
  kubernetes: 'kubernetes/kubernetes',
  metallb: 'metallb/metallb',
  MetalLB: 'metallb/metallb',
}

/**
 * What a source's parts (separated by semicolons) are made of: a project with a version, whose paths follow; Linux, too; numbers of issues; an
 * RFC; a manual page; the titles of a manual's pages.
 */
const cited =
  /(?<project>[\w-]+(?:\/[\w.-]+)?) (?:(?<version>v\d+(?:\.\d+)+)|(?<what>issues?|pull request) (?<numbers>\d+(?:(?:, | and )\d+)*))|(?<linux>\bLinux\b)|RFC (?<rfc>\d+)|(?<page>[\w.-]+)\((?<section>[1-8])\)|"(?<title>[^"]+)"|(?<path>[\w.-]+(?:\/[\w.-]+)+)/g

/** The links that a reader of a source can follow, in their order in its text. */
export const linksOf = (source: string): readonly Link[] => source.split(/(?<=;) /).flatMap(partLinks)

function partLinks(part: string): readonly Link[] {
  const name = Object.keys(manuals).find((one) => part.includes(one))
  if (name !== undefined) return manualLinks(name, part)
  const links: Link[] = []
  let tree: Link | null = null
  for (const { 0: text, groups = {} } of part.matchAll(cited)) {
    const { project = '', version, what, numbers, linux, rfc, page, section, path } = groups
    const repository = projects[project] ?? (project.includes('/') ? project : null)
    if (rfc !== undefined) links.push({ text, url: `https://www.rfc-editor.org/rfc/rfc${rfc}` })
    else if (page !== undefined) links.push({ text, url: `https://manpages.debian.org/${page}.${section ?? ''}` })
    else if (linux !== undefined) tree = { text, url: 'https://github.com/torvalds/linux/tree/master' }
    else if (path !== undefined && tree !== null) links.push({ text: path, url: `${tree.url}/${path}` })
    else if (repository !== null && version !== undefined)
      tree = { text, url: `https://github.com/${repository}/tree/${version}` }
    else if (repository !== null && numbers !== undefined)
      for (const [number] of numbers.matchAll(/\d+/g))
        links.push({
          text: number,
          url: `https://github.com/${repository}/${what === 'pull request' ? 'pull' : 'issues'}/${number}`,
        })
  }
  return links.length === 0 && tree !== null ? [tree] : links
}

function manualLinks(name: string, part: string): readonly Link[] {
  const { home, pages = {} } = manuals[name] ?? { home: '' }
  const titles = [...part.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title)
  const links = titles.flatMap((title) => {
    const page = pages[title] ?? pages[title.split(': ')[0] ?? '']
    return page === undefined ? [] : [{ text: `"${title}"`, url: `${home}${page}` }]
  })
  return links.length === 0 ? [{ text: name, url: home }] : links
}

/** A source as Markdown, each part that can be followed a link. */
export function linkedMarkdown(source: string): string {
  let done = ''
  let rest = source
  for (const { text, url } of linksOf(source)) {
    const at = rest.indexOf(text)
    done += `${rest.slice(0, at)}[${text}](${url})`
    rest = rest.slice(at + text.length)
  }
  return done + rest
}
