// For esbuild: modules find files beside them by import.meta, and what they are built into lies elsewhere.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** Writes into each TypeScript module where its source is. `onText` is called with the text of each, and its path. */
export function places(onText = () => undefined) {
  return {
    name: 'places',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/, namespace: 'file' }, ({ path: source }) => {
        const text = readFileSync(source, 'utf8')
        onText(text, source)
        const contents = text
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(source).href))
          .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(source)))
          .replaceAll('import.meta.filename', JSON.stringify(source))
        return { loader: 'ts', contents }
      })
    },
  }
}
