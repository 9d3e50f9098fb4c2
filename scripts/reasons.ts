// Reads the reasons of each check's findings out of the sources: what stands for a parameter or a member named `reason` in the check's own file,
// and in every declaration of src/checks that it leads to. So docs/findings lists them, and nobody keeps a second list.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

const root = path.join(import.meta.dirname, '../src/checks')
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/

type Declaration = ts.FunctionDeclaration | ts.VariableDeclaration

/** A source file: what it declares at any depth, and what it imports from elsewhere in src/checks. */
interface Source {
  readonly file: string
  readonly source: ts.SourceFile
  readonly declared: Map<string, Declaration>
  readonly imported: Map<string, { readonly file: string; readonly name: string }>
}

const files = new Map<string, Source>()

function read(file: string): Source {
  const known = files.get(file)
  if (known !== undefined) return known
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const made: Source = { file, source, declared: new Map(), imported: new Map() }
  const look = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) remember(made, node)
    else if (ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node)) {
      const { name } = node
      if (name !== undefined && ts.isIdentifier(name) && !made.declared.has(name.text))
        made.declared.set(name.text, node)
    }
    ts.forEachChild(node, look)
  }
  look(source)
  files.set(file, made)
  return made
}

function remember({ file, imported }: Source, { moduleSpecifier, importClause }: ts.ImportDeclaration): void {
  const names = importClause?.namedBindings
  if (!ts.isStringLiteral(moduleSpecifier) || names === undefined || !ts.isNamedImports(names)) return
  const from = path.join(path.dirname(file), moduleSpecifier.text)
  if (!from.startsWith(root)) return
  for (const { name, propertyName } of names.elements)
    imported.set(name.text, { file: from, name: (propertyName ?? name).text })
}

interface Found {
  readonly here: Source
  readonly node: Declaration
}

/** Where a name of a file is declared; null for what is not of src/checks. */
function resolve(here: Source, name: string): Found | null {
  const node = here.declared.get(name)
  if (node !== undefined) return { here, node }
  const from = here.imported.get(name)
  if (from === undefined) return null
  const there = read(from.file)
  const found = there.declared.get(from.name)
  return found === undefined ? null : { here: there, node: found }
}

function functionOf(node: Declaration): ts.FunctionDeclaration | ts.ArrowFunction | null {
  if (ts.isFunctionDeclaration(node)) return node
  return node.initializer !== undefined && ts.isArrowFunction(node.initializer) ? node.initializer : null
}

/** What may stand there; a form of expression that is not known throws, so that no reason is left out unseen. */
function leaves(here: Source, expression: ts.Expression): readonly string[] {
  if (ts.isStringLiteral(expression)) return kebab.test(expression.text) ? [expression.text] : []
  if (ts.isParenthesizedExpression(expression)) return leaves(here, expression.expression)
  if (ts.isConditionalExpression(expression))
    return [...leaves(here, expression.whenTrue), ...leaves(here, expression.whenFalse)]
  if (ts.isBinaryExpression(expression)) return [...leaves(here, expression.left), ...leaves(here, expression.right)]
  if (ts.isArrowFunction(expression)) return returned(here, expression.body)
  // A parameter or a member, called or not: its source is looked at where it is made. A constant and a function are followed.
  if (ts.isPropertyAccessExpression(expression)) return []
  if (ts.isIdentifier(expression)) {
    const node = here.declared.get(expression.text)
    return node !== undefined && ts.isVariableDeclaration(node) && node.initializer !== undefined
      ? leaves(here, node.initializer)
      : []
  }
  if (ts.isCallExpression(expression) && ts.isIdentifier(expression.expression)) {
    if (expression.expression.text === 'reason') return []
    const callee = resolve(here, expression.expression.text)
    const body = callee === null ? undefined : functionOf(callee.node)?.body
    if (callee !== null && body !== undefined) return returned(callee.here, body)
  }
  // `perhaps-REASON` and `REASON-in-part` are made of one that is known.
  if (ts.isTemplateExpression(expression) && expression.templateSpans.every((span) => ts.isIdentifier(span.expression)))
    return []
  throw new TypeError(`${here.file}: a reason that cannot be read: ${expression.getText()}`)
}

function returned(here: Source, body: ts.ConciseBody): readonly string[] {
  if (!ts.isBlock(body)) return leaves(here, body)
  const found: string[] = []
  const look = (node: ts.Node): void => {
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(...leaves(here, node.expression))
    else ts.forEachChild(node, look)
  }
  look(body)
  return found
}

function collect(here: Source, node: ts.Node, seen: Set<ts.Node>, found: Set<string>): void {
  if (seen.has(node)) return
  seen.add(node)
  const add = (expression: ts.Expression): void => {
    for (const reason of leaves(here, expression)) found.add(reason)
  }
  const look = (one: ts.Node): void => {
    if (ts.isPropertyAssignment(one) && one.name.getText() === 'reason') add(one.initializer)
    if (ts.isCallExpression(one) && ts.isIdentifier(one.expression)) {
      const callee = resolve(here, one.expression.text)
      const parameters = callee === null ? undefined : functionOf(callee.node)?.parameters
      const at = parameters?.findIndex(({ name }) => name.getText() === 'reason') ?? -1
      const argument = one.arguments[at]
      if (argument !== undefined) add(argument)
    }
    if (ts.isIdentifier(one)) {
      const to = resolve(here, one.text)
      if (to !== null) collect(to.here, to.node, seen, found)
    }
    ts.forEachChild(one, look)
  }
  ts.forEachChild(node, look)
}

/** The reasons that a check's findings may have, in the order in which its file names them; those of the runner are no check's own. */
export function reasonsOf(id: string): readonly string[] {
  const file = [`${id}.ts`, `${id}/check.ts`].map((name) => path.join(root, name)).find((name) => existsSync(name))
  if (file === undefined) throw new Error(`${id} has no file`)
  const here = read(file)
  const found = new Set<string>()
  collect(here, here.source, new Set(), found)
  return [...found]
}
