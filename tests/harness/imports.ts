import { parse } from 'svelte/compiler';
import ts from 'typescript';

/** One import of a file, as written. */
export interface Import {
  readonly specifier: string;
  /** `type`: erased; `value`: static or dynamic; `url`: `new URL(specifier, import.meta.url)`, as of a worker entry. */
  readonly kind: 'value' | 'type' | 'url';
}

/** What a file imports, and what in it cannot be followed. */
export interface Imports {
  readonly imports: readonly Import[];
  /** Dynamic imports whose specifier is computed, and globs. */
  readonly opaque: readonly string[];
}

const isMetaUrl = (node: ts.Node): boolean =>
  ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression) && node.name.text === 'url';

const isGlob = (node: ts.CallExpression): boolean =>
  ts.isPropertyAccessExpression(node.expression) &&
  ts.isMetaProperty(node.expression.expression) &&
  node.expression.name.text === 'glob';

/** Whether an import or export declaration leaves nothing at run time. */
function isErased(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function importsOfScript(text: string): Imports {
  const imports: Import[] = [];
  const opaque: string[] = [];
  const take = (node: ts.Node | undefined, kind: Import['kind']): void => {
    if (node === undefined) return;
    if (ts.isStringLiteralLike(node)) imports.push({ specifier: node.text, kind });
    else opaque.push(node.getText());
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
      take(node.moduleSpecifier, isErased(node) ? 'type' : 'value');
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      take(node.argument.literal, 'type');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      take(node.arguments[0], 'value');
    else if (ts.isCallExpression(node) && isGlob(node)) opaque.push(node.getText());
    else if (
      ts.isNewExpression(node) &&
      node.expression.getText() === 'URL' &&
      node.arguments?.[1] !== undefined &&
      isMetaUrl(node.arguments[1])
    )
      take(node.arguments[0], 'url');
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS));
  return { imports, opaque };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The script blocks of a component, and each dynamic import in its markup, as one script. */
function scriptOfComponent(text: string): string {
  const ast = parse(text, { modern: true });
  const parts: string[] = [];
  for (const script of [ast.module, ast.instance])
    if (script) {
      const { start, end } = script.content as unknown as Span;
      parts.push(text.slice(start, end));
    }
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ((node as { type?: unknown }).type === 'ImportExpression') {
      const { start, end } = node as Span;
      parts.push(`void ${text.slice(start, end)};`);
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(ast.fragment);
  return parts.join('\n');
}

/** Every import of a TypeScript, JavaScript or Svelte file. Throws where a component does not parse. */
export function importsOf(path: string, text: string): Imports {
  return importsOfScript(path.endsWith('.svelte') ? scriptOfComponent(text) : text);
}
